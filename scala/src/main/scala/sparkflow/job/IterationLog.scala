package sparkflow.job

import scala.collection.immutable.TreeMap
import scala.collection.mutable

import sparkflow.ps.{IterationReport, ValidationReport}

/** The sums that an iteration's means are made of; each loss and staleness is weighted by its samples. */
private[job] final case class IterationSums(
    iteration: Int,
    loss: Double = 0,
    samples: Long = 0,
    staleness: Double = 0,
    waited: Double = 0,
    endNanos: Long = 0
)

/** Adds up the workers' reports by iteration. Not thread-safe.
  *
  * @param before of the iterations before a fit was cut short
  */
private[job] final class IterationLog(before: Seq[IterationSums] = Nil) {
  private var all = TreeMap.from(before.map(sums => sums.iteration -> sums))
  private val validations = mutable.Map.empty[Int, ValidationReport]

  def add(report: IterationReport): Unit = {
    val s = all.getOrElse(report.iteration, IterationSums(report.iteration))
    all += report.iteration -> IterationSums(
      report.iteration,
      s.loss + report.loss * report.samples,
      s.samples + report.samples,
      s.staleness + report.staleness * report.samples,
      s.waited + report.waitedSeconds,
      math.max(s.endNanos, report.elapsedNanos)
    )
  }

  def add(report: ValidationReport): Unit = validations(report.iteration) = report

  def sums: Seq[IterationSums] = all.values.toSeq

  def iterations: Seq[Iteration] = {
    var before = 0L
    var lasted = 1L
    sums.map { s =>
      // The last of a fit that stopped early may have reports alone that came before some of the iteration before it.
      val end = math.max(s.endNanos, before)
      val nanos = if (end > before) end - before else lasted
      before = end
      lasted = nanos
      Iteration(
        s.iteration,
        s.loss / s.samples,
        s.samples,
        end / 1e9,
        s.samples / (nanos / 1e9),
        s.staleness / s.samples,
        s.waited,
        validations.get(s.iteration).map(_.loss),
        validations.get(s.iteration).fold(Map.empty[String, Double])(_.metrics)
      )
    }
  }
}
