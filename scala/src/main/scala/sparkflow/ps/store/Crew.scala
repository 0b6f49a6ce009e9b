package sparkflow.ps.store

import java.util.concurrent.{
  CountDownLatch,
  LinkedBlockingQueue,
  RejectedExecutionException,
  ThreadPoolExecutor,
  TimeUnit
}
import java.util.concurrent.atomic.{AtomicInteger, AtomicReference}

/** Threads that help a caller with one large piece of work; the caller works, too. Used by any number of callers at
  * once.
  *
  * @param threads the caller's included
  */
private[store] final class Crew(threads: Int) {
  private val number = new AtomicInteger
  private val pool = new ThreadPoolExecutor(
    threads - 1,
    threads - 1,
    0,
    TimeUnit.SECONDS,
    new LinkedBlockingQueue[Runnable], // as many entries as callers have helpers: bounded by the event loops
    (work: Runnable) => {
      val thread = new Thread(work, s"sparkflow-ps-shards-${number.incrementAndGet()}")
      thread.setDaemon(true)
      thread
    }
  )

  /** Runs `work(from, until)` on ranges that make up `[0, count)`; returns when all are done, throws the first failure. */
  def share(count: Int)(work: (Int, Int) => Unit): Unit = {
    val next = new AtomicInteger
    val failed = new AtomicReference[Throwable]
    val helpers = threads - 1
    val done = new CountDownLatch(helpers)
    // Small shares, so that a thread that started late or shares its core leaves little for the others to wait for.
    val share = math.max(1, count / (8 * threads))
    def help(): Unit =
      try {
        var from = next.getAndAdd(share)
        while (from < count && failed.get == null) {
          work(from, math.min(from + share, count))
          from = next.getAndAdd(share)
        }
      } catch {
        case e: Throwable =>
          failed.compareAndSet(null, e)
          ()
      }
    for (_ <- 0 until helpers)
      try
        pool.execute { () =>
          try help()
          finally done.countDown()
        }
      catch { case _: RejectedExecutionException => done.countDown() } // closed: the caller does it all
    help()
    // Not to be interrupted: a helper that goes on after the return would touch memory that the caller may free.
    var interrupted = false
    while (done.getCount > 0)
      try done.await()
      catch { case _: InterruptedException => interrupted = true }
    if (interrupted) Thread.currentThread.interrupt()
    val failure = failed.get
    if (failure != null) throw failure
  }

  def close(): Unit = {
    pool.shutdown()
    pool.awaitTermination(Crew.closeSeconds, TimeUnit.SECONDS)
    ()
  }
}

private[store] object Crew {
  // A sweep of the largest model takes about a second.
  private val closeSeconds = 10L
}
