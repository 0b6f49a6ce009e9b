package sparkflow.job

import java.io.IOException
import java.nio.charset.StandardCharsets.{US_ASCII, UTF_8}
import java.util.concurrent.TimeUnit

import org.apache.spark.SparkContext
import org.apache.spark.sql.SparkSession
import org.apache.spark.sql.sparkflow.{OwnFunction, PythonBridge}
import org.apache.spark.sql.types.DataType

/** Tells Spark's Python worker which class of ours to call, by name: `module.Class(json)` makes the callable. No code
  * is pickled.
  */
private[job] object PythonWorker {

  /** @param json   the callable's only argument
    * @param result the type that Spark expects back
    * @param batch  rows that it likes to be given at a time
    */
  def function(
      session: SparkSession,
      module: String,
      className: String,
      json: String,
      result: DataType,
      broadcasts: Seq[PythonBridge.BroadcastFile] = Nil,
      batch: Option[Int] = None
  ): OwnFunction = {
    val executable = pythonExecutable(session)
    new OwnFunction(
      command(module, className, json, result),
      Seq(PythonPackage.ship(session)),
      executable,
      versionOf(executable, isWorkers = session.sparkContext.isLocal),
      broadcasts,
      batch
    )
  }

  /** Threads of a worker's TensorFlow session: the cores that Spark gives a task. */
  def threads(sc: SparkContext): Int = math.max(1, sc.getConf.getInt("spark.task.cpus", 1))

  // A protocol-0 pickle of (module.Class(json), pyspark.sql.types._parse_datatype_json_string(type)).
  private[job] def command(module: String, className: String, json: String, result: DataType): Array[Byte] =
    (s"(c$module\n$className\n(V${escape(json)}\ntR" +
      s"cpyspark.sql.types\n_parse_datatype_json_string\n(V${escape(result.json)}\ntRt.").getBytes(US_ASCII)

  // The pickle opcode V reads "raw-unicode-escape" up to a newline.
  private def escape(text: String): String = {
    val out = new StringBuilder(text.length + 64)
    text.foreach {
      case c if c == '\\' || c < ' ' || c > '~' => out.append(f"\\u${c.toInt}%04x")
      case c                                    => out.append(c)
    }
    out.toString
  }

  // Spark's own order: the setting, then the environment, then whatever `python3` is.
  private def pythonExecutable(session: SparkSession): String =
    session.sparkContext.getConf
      .getOption("spark.pyspark.python")
      .orElse(sys.env.get("PYSPARK_PYTHON"))
      .getOrElse("python3")

  // Spark's worker refuses to run under another major.minor than it is told, so the driver must know it.
  private def versionOf(executable: String, isWorkers: Boolean): String = synchronized {
    val known = asked.getOrElse(
      executable, {
        val found = ask(executable)
        if (found.missing.isEmpty) asked += executable -> found // else it may be installed
        found
      }
    )
    if (isWorkers && known.missing.nonEmpty)
      throw new IllegalStateException(
        s"'$executable' runs Spark's Python workers but has no ${known.missing.mkString(", ")}: run '$executable -m pip install " +
          s"${known.missing.mkString(" ")}', or name a Python that has them by PYSPARK_PYTHON or spark.pyspark.python"
      )
    known.version
  }

  private final case class Answer(version: String, missing: Seq[String])

  private var asked = Map.empty[String, Answer]

  // Looks for the packages without importing them, which takes seconds.
  private val question =
    "import sys, importlib.util as u; print('%d.%d' % sys.version_info[:2], " +
      "*(p for p in ('numpy', 'pyarrow', 'tensorflow') if not u.find_spec(p)))"

  private def ask(executable: String): Answer = {
    def failed(why: String, cause: Throwable = null) = new IllegalStateException(
      s"'$executable' can't be run on the driver to learn its Python version ($why): install Python there under the " +
        "same path as on the executors, or name it by spark.pyspark.python or PYSPARK_PYTHON",
      cause
    )
    val process =
      try
        new ProcessBuilder(executable, "-c", question)
          .redirectError(ProcessBuilder.Redirect.DISCARD) // warnings are no answer
          .start()
      catch { case e: IOException => throw failed(e.getMessage, e) }
    process.getOutputStream.close()
    // Python starts in well under a second; half a minute covers a cold network disk.
    if (!process.waitFor(30, TimeUnit.SECONDS)) {
      process.destroyForcibly()
      throw failed("it did not answer within 30 s")
    }
    val said = new String(process.getInputStream.readAllBytes(), UTF_8).trim
    said.split(' ').toSeq match {
      case version +: missing if process.exitValue == 0 && version.matches("[0-9]+\\.[0-9]+") =>
        Answer(version, missing)
      case _ => throw failed(s"it said '${said.take(200)}'")
    }
  }
}
