package sparkflow.job

import scala.collection.mutable

import sparkflow.ps.{IterationReport, ValidationReport}

/** Adds up the workers' reports by iteration. Not thread-safe. */
private[job] final class IterationLog {
  import IterationLog._

  private val sums = mutable.TreeMap.empty[Int, Sums]
  private val validations = mutable.Map.empty[Int, ValidationReport]

  def add(report: IterationReport): Unit = {
    val s = sums.getOrElseUpdate(report.iteration, new Sums)
    s.loss += report.loss * report.samples
    s.samples += report.samples
    s.staleness += report.staleness * report.samples
    s.waited += report.waitedSeconds
    s.endNanos = math.max(s.endNanos, report.elapsedNanos)
  }

  def add(report: ValidationReport): Unit = validations(report.iteration) = report

  def iterations: Seq[Iteration] = {
    var before = 0L
    sums.map { case (number, s) =>
      val nanos = math.max(1L, s.endNanos - before)
      before = s.endNanos
      Iteration(
        number,
        s.loss / s.samples,
        s.samples,
        s.endNanos / 1e9,
        s.samples / (nanos / 1e9),
        s.staleness / s.samples,
        s.waited,
        validations.get(number).map(_.loss),
        validations.get(number).fold(Map.empty[String, Double])(_.metrics)
      )
    }.toSeq
  }
}

private object IterationLog {

  // Means of reports are weighted by their samples.
  private final class Sums {
    var loss = 0.0
    var samples = 0L
    var staleness = 0.0
    var waited = 0.0
    var endNanos = 0L
  }
}
