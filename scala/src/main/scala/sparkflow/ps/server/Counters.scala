package sparkflow.ps.server

import java.util.concurrent.atomic.{AtomicInteger, AtomicLongArray, LongAdder}

import sparkflow.ps.FitCounts

/** Counts of a fit, added to from all connections. Thread-safe. */
private[server] final class Counters {
  import Counters._

  private val samplesApplied = new LongAdder
  private val received = new LongAdder
  private val sent = new LongAdder
  private val byStaleness = new AtomicLongArray(classes)
  private val present, mostPresent = new AtomicInteger

  def applied(samples: Long, staleness: Long): Unit = {
    samplesApplied.add(samples)
    byStaleness.incrementAndGet(math.min(staleness, classes - 1L).toInt)
    ()
  }

  /** Counts on from there. */
  def restore(counts: FitCounts): Unit = {
    samplesApplied.add(counts.samples)
    moved(counts.bytesReceived, counts.bytesSent)
    counts.staleness.zipWithIndex.foreach { case (n, s) => byStaleness.addAndGet(s, n) }
    mostPresent.set(counts.workersAtOnce)
  }

  /** A worker has connected that was not. */
  def entered(): Unit = {
    mostPresent.accumulateAndGet(present.incrementAndGet(), math.max(_, _))
    ()
  }

  def left(): Unit = {
    present.decrementAndGet()
    ()
  }

  def moved(received: Long, sent: Long): Unit = {
    this.received.add(received)
    this.sent.add(sent)
  }

  def samples: Long = samplesApplied.sum
  def bytesReceived: Long = received.sum
  def bytesSent: Long = sent.sum
  def workersAtOnce: Int = mostPresent.get

  /** Updates by staleness, without the zeros at the end. */
  def staleness: Seq[Long] =
    (0 until classes).map(byStaleness.get).reverse.dropWhile(_ == 0).reverse
}

private object Counters {

  // A gradient that is staler than this tells no more than that something is wrong.
  private val classes = 64
}
