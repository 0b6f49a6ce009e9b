package sparkflow.ps

import scala.concurrent.duration.FiniteDuration

/** What the driver hears of a fit. Called one at a time on a thread of the server, in the order of arrival; a slow
  * listener slows down only the workers that report. An exception is logged and the fit goes on.
  */
trait ServerEvents {

  /** A worker ended an iteration. */
  def report(r: IterationReport): Unit

  /** An attempt at a partition has given no sign of life for so long, and its connection was closed. Whoever runs it is to
    * end it, so that another can take its place.
    */
  def lost(partition: Int, attempt: Long, silence: FiniteDuration): Unit

  /** All workers of the round have ended an iteration, and computed the loss of the rows that they hold out. */
  def validated(v: ValidationReport): Unit = ()

  /** Whether the fit shall end with what it has come to; asked after each report and validation. */
  def wantsToStop(): Boolean = false

  /** The fit failed, said a worker or the server itself. Called at most once. */
  def failed(message: String): Unit

  /** Whether a snapshot that is due now shall be taken; if so, `snapshot` gets it. Called on any thread, while workers wait. */
  def wantsSnapshot(): Boolean = false

  /** What the fit has come to, after the reports that came before it. In mode `sync` these are all reports of the steps in
    * it.
    */
  def snapshot(taken: FitSnapshot): Unit = ()
}

/** @param iteration 0-based, over all rounds
  * @param loss mean over the samples of this iteration of this partition
  * @param samples of this iteration of this partition
  * @param totalSamples of all updates applied so far, from all workers
  * @param steps updates applied so far, from all workers
  * @param staleness mean, over this worker's updates since its last report, of the updates by others that were
  *   applied between the weights that a gradient was computed on and the gradient's own update
  * @param waitedSeconds for which this worker has waited for answers of the server since its last report
  * @param elapsedNanos since the weights came into being
  */
final case class IterationReport(
    iteration: Int,
    partition: Int,
    round: Int,
    loss: Double,
    samples: Long,
    totalSamples: Long,
    steps: Long,
    staleness: Double,
    waitedSeconds: Double,
    elapsedNanos: Long
)

/** What a model is worth on rows that are held out.
  *
  * @param iteration 0-based, over all rounds
  * @param loss mean over the held-out rows of all workers, each worker's computed on the weights that it had at the
  *   iteration's end
  * @param samples held-out rows, 1 or more
  * @param metrics by name
  */
final case class ValidationReport(iteration: Int, loss: Double, samples: Long, metrics: Map[String, Double])
