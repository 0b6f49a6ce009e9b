package sparkflow.job

import sparkflow.ps.{IterationReport, ValidationReport}

/** Turns the workers' reports into a line for people, at most one a second, and one at the end.
  *
  * @param verbose 1: a line a second; 2 and more: a line for every report
  */
private[job] final class Progress(iterations: Int, verbose: Int, print: String => Unit) {
  private var losses = Map.empty[Int, Double] // last loss of each partition
  private var latest: Option[IterationReport] = None
  private var printedAt = Long.MinValue
  private var printedSamples = 0L
  private var rate = 0.0 // samples/s before the last line
  private var unprinted = false
  private var validation: Option[ValidationReport] = None // the latest

  def apply(report: ValidationReport): Unit = {
    validation = Some(report)
    unprinted = true
  }

  def apply(report: IterationReport): Unit = {
    losses += report.partition -> report.loss
    latest = Some(report)
    unprinted = true
    if (
      verbose >= 2 || printedAt == Long.MinValue || report.elapsedNanos - printedAt >= Progress.intervalNanos
    ) line(report)
  }

  def end(): Unit = if (unprinted) latest.foreach(line)

  private def line(report: IterationReport): Unit = {
    val since = if (printedAt == Long.MinValue) 0L else printedAt
    val samples = report.totalSamples - printedSamples
    if (samples > 0) rate = samples * 1e9 / math.max(report.elapsedNanos - since, 1L)
    if (verbose >= 1)
      print(
        f"sparkflow: iteration ${report.iteration + 1}%d/$iterations%d  partition ${report.partition}%d  " +
          f"loss ${losses.values.sum / losses.size}%.5f  $rate%,.0f samples/s  staleness ${report.staleness}%.2f" +
          validation.fold("")(validated)
      )
    printedAt = report.elapsedNanos
    printedSamples = report.totalSamples
    unprinted = false
  }

  private def validated(v: ValidationReport): String =
    (("loss", v.loss) +: v.metrics.toSeq.sortBy(_._1))
      .map { case (name, value) => f"$name $value%.5f" }
      .mkString(s"  validation of iteration ${v.iteration + 1}: ", "  ", "")
}

private[job] object Progress {
  // People read a line a second; more would only fill the log.
  val intervalNanos: Long = 1000L * 1000 * 1000
}
