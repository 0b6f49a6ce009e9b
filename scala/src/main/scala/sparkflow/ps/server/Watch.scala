package sparkflow.ps.server

import sparkflow.ps.{Stopping, ValidationReport}
import sparkflow.ps.store.ModelState

/** Follows a fit's iterations: tells of the validation loss of each, keeps the best weights and ends the fit when
  * they no longer improve. Thread-safe.
  *
  * @param validation whether workers hold rows out; if so, it is their loss that must improve
  * @param model      a copy of the model as it is now
  * @param tell       gets each validation
  * @param end        ends the fit, as failed if there is a reason
  */
private[server] final class Watch(
    validation: Boolean,
    stopping: Option[Stopping],
    model: () => Option[ModelState],
    tell: ValidationReport => Unit,
    end: Option[String] => Unit
) {
  private val iterations = new Iterations
  private val rule = stopping.map(s => new EarlyStopping(s.patience, s.minDelta))
  private var kept: Option[ModelState] = None
  private var over = false
  private var early = false

  def stoppedEarly: Boolean = synchronized(early)

  def bestIteration: Option[Int] = synchronized(rule.flatMap(_.bestIteration))

  /** The weights at the last improvement, if they are kept. */
  def best: Option[ModelState] = synchronized(kept)

  def begin(workers: Seq[Pace.Entry]): Unit = synchronized(iterations.begin(workers))

  def validated(worker: Int, iteration: Int, part: Iterations.Sums): Unit =
    settle(iterations.validated(worker, iteration, part))

  def ended(worker: Int, iteration: Int, loss: Double, samples: Long): Unit =
    settle(iterations.ended(worker, iteration, loss, samples))

  /** A worker is done. */
  def finished(): Unit = settle(())

  private def settle(change: => Unit): Unit = if (validation || stopping.isDefined) synchronized {
    change
    iterations.completed().foreach(iteration => if (!over) judge(iteration))
  }

  private def judge(complete: Iterations.Complete): Unit = {
    val report = complete.report
    report.foreach(tell)
    if (validation && report.isEmpty) {
      over = true
      end(
        Some(
          "no row is held out for validation: mark some with true in validationIndicatorCol, raise validationFraction, or " +
            "leave both out"
        )
      )
    } else {
      val loss = report.map(_.loss).getOrElse(complete.training.mean)
      for (stopping <- stopping; rule <- rule) {
        if (rule.improves(complete.iteration, loss) && stopping.restoreBest) {
          kept = None // so that there are never two beside the model
          kept = model()
        }
        if (rule.isOver) {
          over = true
          early = true
          end(None)
        }
      }
    }
  }
}
