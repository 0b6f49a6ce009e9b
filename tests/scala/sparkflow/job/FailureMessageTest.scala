package sparkflow.job

import org.scalatest.funsuite.AnyFunSuite

class FailureMessageTest extends AnyFunSuite {

  private val python =
    """Job aborted due to stage failure: Task 1 in stage 3.0 failed 1 times, most recent failure: Lost task 1.0 in stage 3.0 (TID 4) (host executor driver): org.apache.spark.api.python.PythonException: Traceback (most recent call last):
  File "/x/sparkflow/worker/train.py", line 40, in __call__
    raise ValueError("bad")
ValueError: column features has 10 values a row
take another column

	at org.apache.spark.api.python.BasePythonRunner$ReaderIterator.handlePythonException(PythonRunner.scala:581)
	at java.base/java.lang.Thread.run(Thread.java:840)

Driver stacktrace:"""

  test("a Python exception's own words, of one line or more") {
    assert(
      FailureMessage.of(new RuntimeException(python)) ==
        "column features has 10 values a row\ntake another column"
    )
  }

  test("the innermost cause speaks") {
    val error = new RuntimeException("outer", new RuntimeException(python))
    assert(FailureMessage.of(error).startsWith("column features"))
  }

  test("a Python that could not start") {
    val text =
      """
Error from python worker:
  Traceback (most recent call last):
    File "/x/sparkflow/worker/__init__.py", line 10, in <module>
      import numpy
  ModuleNotFoundError: No module named 'numpy'
  
  The above exception was the direct cause of the following exception:
  
  Traceback (most recent call last):
    File "<frozen runpy>", line 189, in _run_module_as_main
  RuntimeError: /usr/bin/python3 lacks what SparkFlow needs: install it
PYTHONPATH was:
  /x/pyspark.zip:/x/sparkflow.jar
org.apache.spark.SparkException: EOFException occurred while reading the port number from sparkflow.daemon's stdout and terminated with code: 1."""
    assert(
      FailureMessage.of(new RuntimeException(text)) ==
        "/usr/bin/python3 lacks what SparkFlow needs: install it"
    )
  }

  test("an error raised in a column") {
    val text =
      "Job aborted … org.apache.spark.SparkRuntimeException: [USER_RAISED_EXCEPTION] column 'a' has a null SQLSTATE: P0001\n\tat x"
    assert(FailureMessage.of(new RuntimeException(text)) == "column 'a' has a null")
  }

  test("a class that is news stays") {
    val text = python.replace("ValueError: column", "KeyError: column")
    assert(FailureMessage.of(new RuntimeException(text)).startsWith("KeyError: column"))
  }

  test("a worker that was killed") {
    val text =
      "Job aborted: org.apache.spark.SparkException: Python worker exited unexpectedly (crashed).\n\tat a.b(C:1)"
    val said = FailureMessage.of(new RuntimeException(text))
    assert(
      said.startsWith("a Python worker died") && said.contains("memoryOverhead") && !said.contains("\tat")
    )
  }

  test("anything else is said as it is, without its stack") {
    assert(FailureMessage.of(new RuntimeException("lost executor 3\n\tat a.b(C:1)")) == "lost executor 3")
    assert(FailureMessage.of(new RuntimeException("no slots")) == "no slots")
    assert(FailureMessage.of(new NullPointerException).contains("NullPointerException"))
  }

  test(
    "a column that raises is the cause, also where the Python worker complains of the rows that it cut short"
  ) {
    val cause =
      new RuntimeException("[USER_RAISED_EXCEPTION] column 'label' has a null: drop it SQLSTATE: P0001")
    val complaint =
      "Traceback (most recent call last):\n  File \"worker.py\", line 1\nEOFError: the stream ended\n"
    assert(FailureMessage.of(new RuntimeException(complaint, cause)) == "column 'label' has a null: drop it")
  }
}
