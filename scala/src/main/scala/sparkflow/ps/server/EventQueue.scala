package sparkflow.ps.server

import java.util.concurrent.LinkedBlockingQueue
import java.util.concurrent.atomic.AtomicInteger

import scala.concurrent.duration.FiniteDuration
import scala.util.control.NonFatal

import org.slf4j.LoggerFactory

import sparkflow.ps.{FitSnapshot, IterationReport, ServerEvents, ValidationReport}

/** Hands events to the listener, one at a time, on a thread of its own. Bounded without losing any: beyond `capacity` a
  * report is accepted only once it was delivered, and until then its worker waits for the answer; so at most
  * `capacity` + connections wait here.
  */
private[ps] final class EventQueue(listener: ServerEvents, capacity: Int) {
  private val log = LoggerFactory.getLogger(classOf[EventQueue])
  private val queue = new LinkedBlockingQueue[Option[() => Unit]] // None ends the thread
  private val pending = new AtomicInteger
  private val thread = new Thread(() => run(), "sparkflow-ps-events")
  thread.setDaemon(true)

  def start(): Unit = thread.start()

  /** @param accepted called, here or on the queue's thread, when the sender may send its next event
    * @param stop called on the queue's thread if the listener wants the fit to end
    */
  def report(report: IterationReport, stop: () => Unit = () => ())(accepted: () => Unit): Unit = {
    val waits = pending.incrementAndGet() > capacity
    queue.add(Some { () =>
      try {
        listener.report(report)
        if (listener.wantsToStop()) stop()
      } finally {
        pending.decrementAndGet()
        if (waits) accepted()
      }
    })
    if (!waits) accepted()
  }

  /** As [[ServerEvents.wantsSnapshot]]; asked at once, and so not on the queue's thread. */
  def wantsSnapshot(): Boolean = listener.wantsSnapshot()

  def snapshot(taken: FitSnapshot): Unit = add(listener.snapshot(taken))

  def failed(message: String): Unit = add(listener.failed(message))

  def lost(partition: Int, attempt: Long, silence: FiniteDuration): Unit =
    add(listener.lost(partition, attempt, silence))

  /** Nobody waits for it: there is one for an iteration, whose reports are waited for.
    *
    * @param stop as in `report`
    */
  def validated(report: ValidationReport)(stop: () => Unit): Unit = add {
    listener.validated(report)
    if (listener.wantsToStop()) stop()
  }

  /** Delivers what is queued and ends the thread. A listener that takes no event for `timeout` is interrupted, and if it
    * ignores even that, left behind (a daemon thread) with a warning. May be called from the listener.
    */
  def close(timeout: FiniteDuration): Unit = {
    queue.add(None)
    if (thread.isAlive && (thread ne Thread.currentThread)) {
      var left = Int.MaxValue
      while (thread.isAlive && queue.size < left) {
        left = queue.size
        thread.join(timeout.toMillis)
      }
      if (thread.isAlive) {
        log.warn(s"the fit's listener took no event for $timeout: ${queue.size} are lost")
        queue.clear()
        queue.add(None)
        thread.interrupt()
        thread.join(timeout.toMillis)
        if (thread.isAlive) log.warn(s"the fit's listener ignores interruption; its thread is left behind")
      }
    }
  }

  private def add(event: => Unit): Unit = {
    queue.add(Some(() => event))
    ()
  }

  private def run(): Unit = {
    var next: Option[() => Unit] = queue.take()
    while (next.isDefined) {
      try next.get.apply()
      catch {
        case NonFatal(e)             => log.warn("the fit's listener threw", e)
        case e: InterruptedException => log.warn("the fit's listener was interrupted", e)
      }
      next = queue.take()
    }
  }
}
