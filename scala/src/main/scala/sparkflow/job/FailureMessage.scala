package sparkflow.job

/** Finds, in what Spark throws when a job fails, the sentence that the failing part itself said. On a cluster the cause
  * does not travel, only its text does.
  */
private[job] object FailureMessage {

  def of(error: Throwable): String = {
    val texts = causes(error).flatMap(e => Option(e.getMessage)).toSeq
    // A column that raises cuts the rows short, of which the Python worker may complain, too: that is no cause.
    texts.reverse
      .flatMap(raised)
      .headOption
      .orElse(texts.reverse.flatMap(python).headOption)
      .orElse(texts.reverse.flatMap(crashed).headOption)
      .getOrElse(texts.headOption.map(withoutTrace).getOrElse(error.toString))
  }

  private def causes(error: Throwable): Iterator[Throwable] =
    Iterator.iterate(error)(_.getCause).takeWhile(_ != null).take(20)

  // "Traceback …\n  File …\n    code\nValueError: what went wrong\n\n\tat org.apache.spark…"
  private[job] def python(text: String): Option[String] = {
    val begin = text.lastIndexOf("Traceback (most recent call last):")
    if (begin < 0) None
    else {
      // Spark indents what a daemon wrote that did not come up, and goes on without.
      val before = text.substring(text.lastIndexOf('\n', begin) + 1, begin)
      val indent = if (before.isBlank) before else ""
      val trace = text.substring(begin).linesIterator.drop(1)
      val ours =
        trace.takeWhile(l => l.startsWith(indent) && !l.startsWith("\tat ")).map(_.drop(indent.length))
      val said = ours.dropWhile(_.startsWith(" "))
      Some(said.mkString("\n").trim.replaceFirst("^(ValueError|RuntimeError|FloatingPointError): ", ""))
        .filter(_.nonEmpty)
    }
  }

  private def crashed(text: String): Option[String] =
    Option.when(text.contains("Python worker exited unexpectedly"))(
      "a Python worker died while it trained (killed, or out of memory): give executors more room with " +
        "spark.executor.memoryOverhead or fewer cores each; on a cluster Spark tries the task again " +
        "(spark.task.maxFailures), in local mode only with local[N,F]"
    )

  private def withoutTrace(text: String): String = text.split("\n\tat ", 2).head.trim

  // raise_error in a column: "[USER_RAISED_EXCEPTION] what went wrong SQLSTATE: P0001"
  private[job] def raised(text: String): Option[String] = {
    val begin = text.indexOf("[USER_RAISED_EXCEPTION] ")
    if (begin < 0) None
    else {
      val rest = text.substring(begin + "[USER_RAISED_EXCEPTION] ".length)
      Some(rest.linesIterator.next().replaceFirst("\\s*SQLSTATE: \\w+.*$", "").trim)
    }
  }
}
