package sparkflow.job.checkpoint

import java.util.concurrent.{Executors, TimeUnit}
import java.util.concurrent.atomic.{AtomicBoolean, AtomicInteger}

import scala.util.control.NonFatal

import org.slf4j.LoggerFactory

import sparkflow.ps.store.ModelState

/** Writes checkpoints while training goes on, one at a time: at most one is in memory. What cannot be written is logged and
  * counted, as a fit is worth more than its checkpoints.
  */
private[job] final class CheckpointWriter(store: CheckpointStore) extends AutoCloseable {
  import CheckpointWriter._

  private val busy = new AtomicBoolean
  private val good, bad = new AtomicInteger
  private val thread = Executors.newSingleThreadExecutor { (work: Runnable) =>
    val thread = new Thread(work, "sparkflow-checkpoints")
    thread.setDaemon(true)
    thread
  }

  /** Checkpoints that were written. */
  def written: Int = good.get

  /** Checkpoints that could not be written. */
  def failed: Int = bad.get

  /** Whether one may come now, unless one is still being written; the caller owes it to `write` if so. */
  def reserve(): Boolean = busy.compareAndSet(false, true)

  /** Writes the one that was reserved, soon. */
  def write(checkpoint: Checkpoint): Unit = thread.execute { () =>
    try save(checkpoint)
    finally busy.set(false)
  }

  /** Writes the last one, after what is being written; returns when that is done. */
  def writeLast(checkpoint: Checkpoint): Unit = {
    close()
    save(checkpoint)
  }

  /** Waits for what is being written. May be called more than once. */
  override def close(): Unit = {
    thread.shutdown()
    if (!thread.awaitTermination(patience, TimeUnit.SECONDS)) {
      log.warn(s"a checkpoint is given up that has not been written for $patience seconds")
      thread.shutdownNow()
      ()
    }
  }

  private def save(checkpoint: Checkpoint): Unit =
    try
      if (ModelState.notFinite(checkpoint.fit.store.weights).isDefined) {
        bad.incrementAndGet()
        log.warn("no checkpoint was written: a weight is not finite any more")
      } else {
        store.save(checkpoint)
        good.incrementAndGet()
        ()
      }
    catch {
      case NonFatal(e) =>
        bad.incrementAndGet()
        log.warn(s"${e.getMessage}. Training goes on; the next checkpoint is tried when it is due", e)
    }
}

private object CheckpointWriter {
  private val log = LoggerFactory.getLogger(classOf[CheckpointWriter])

  // Seconds: a model of some gigabytes takes a minute on a slow file system; one that hangs must not hang the fit.
  private val patience = 600L
}
