package sparkflow.ps.server

import sparkflow.ps.{Stopping, ValidationReport}
import sparkflow.ps.store.ModelState

/** Follows a fit's iterations: tells of the validation of each, keeps the best weights and ends the fit when they no
  * longer improve, or when it is told to. Thread-safe.
  *
  * @param validation whether workers hold rows out; if so, it is their loss, or a metric of theirs, that must improve
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
  private val rule = stopping.map(s => new EarlyStopping(s.patience, s.minDelta, s.rises))
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

  /** The fit is to end with what it has come to. */
  def stop(): Unit = synchronized(if (!over) endEarly())

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
      for (stopping <- stopping; rule <- rule; value <- valueOf(complete, report, stopping)) {
        if (rule.improves(complete.iteration, value) && stopping.restoreBest) {
          kept = None // so that there are never two beside the model
          kept = model()
        }
        if (rule.isOver) endEarly()
      }
    }
  }

  /** What must improve; without it the fit fails. */
  private def valueOf(
      complete: Iterations.Complete,
      report: Option[ValidationReport],
      stopping: Stopping
  ): Option[Double] = stopping.metric match {
    case None => Some(report.fold(complete.training.mean)(_.loss))
    case Some(name) =>
      val metrics = report.fold(Map.empty[String, Double])(_.metrics)
      if (!metrics.contains(name)) {
        over = true
        val known = if (metrics.isEmpty) "none" else metrics.keys.toSeq.sorted.mkString(", ")
        end(Some(s"monitor is '$name', but the validation computes no such metric; there are: $known"))
      }
      metrics.get(name)
  }

  private def endEarly(): Unit = {
    over = true
    early = true
    end(None)
  }
}
