package sparkflow.job

import java.util.concurrent.atomic.AtomicReference

import scala.collection.mutable
import scala.concurrent.duration.FiniteDuration
import scala.jdk.CollectionConverters._
import scala.util.control.NonFatal

import sparkflow.ps.{FitSnapshot, IterationReport, ServerEvents, ValidationReport}

/** Passes the server's events on to the user, and ends the fit, or one of its tasks, when one of them, or the listener, says so.
  *
  * @param cancel ends the fit's Spark jobs, for a reason
  * @param kill ends a task, for a reason
  * @param mostLosses workers of one partition that may be lost before the fit fails
  */
private[job] final class FitEvents(
    iterations: Int,
    verbose: Int,
    checkpoints: Option[FitCheckpoints],
    listener: Option[FitListener],
    cancel: String => Unit,
    kill: (Long, String) => Boolean,
    mostLosses: Int
) extends ServerEvents {
  private val losses = mutable.Map.empty[Int, Int].withDefaultValue(0) // by partition
  private val firstFailure = new AtomicReference[String]

  /** Complete once the server is closed. */
  val log = new IterationLog(checkpoints.flatMap(_.resumed).fold(Seq.empty[IterationSums])(_.iterations))

  private val progress = new Progress(
    iterations,
    verbose,
    line => listener.fold(println(line))(_.onProgress(line))
  )

  def failure: Option[String] = Option(firstFailure.get)

  override def report(report: IterationReport): Unit = heard {
    log.add(report)
    progress(report)
    listener.foreach(_.onIteration(report.loss, report.iteration, report.partition))
  }

  override def validated(report: ValidationReport): Unit = heard {
    log.add(report)
    progress(report)
    val metrics = report.metrics.map { case (name, value) => name -> Double.box(value) }.asJava
    listener.foreach(_.onValidation(report.loss, report.iteration, metrics))
  }

  override def wantsToStop(): Boolean = listener.exists(_.wantsToStop())

  private def heard(event: => Unit): Unit =
    try event
    catch { case NonFatal(e) => failed(s"the fit's listener threw: ${e.getMessage}") }

  // Spark does not count what is killed: somebody must, or a worker that is always lost is tried for ever.
  override def lost(partition: Int, attempt: Long, silence: FiniteDuration): Unit = {
    losses(partition) += 1
    val why = s"the worker of partition $partition gave no sign of life for ${silence.toSeconds} s"
    if (losses(partition) < mostLosses) kill(attempt, why)
    else
      failed(
        s"$why, and so it was with ${losses(partition)} attempts: is its machine there, and does it swap? See the executor's log, or " +
          "raise workerTimeout"
      )
  }

  override def failed(message: String): Unit =
    if (firstFailure.compareAndSet(null, message)) cancel(message)

  override def wantsSnapshot(): Boolean = checkpoints.exists(_.reserve())

  override def snapshot(taken: FitSnapshot): Unit = checkpoints.foreach(_.save(taken, log))

  /** @throws TrainingException if the fit has failed; a round that had not begun could not be cancelled */
  def check(): Unit = failure.foreach(message => throw new TrainingException(message, null))

  def end(): Unit = {
    progress.end()
    check()
  }
}
