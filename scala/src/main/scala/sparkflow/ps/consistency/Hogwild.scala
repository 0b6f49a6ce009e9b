package sparkflow.ps.consistency

import java.util.concurrent.atomic.AtomicLong

import sparkflow.ps.optim.Optimizer
import sparkflow.ps.store.{FloatSink, FloatSource, ShardStore}

/** No lock: updates and reads run at the same time, and where two meet on one element, one of them may be lost there
  * (Niu et al., "Hogwild!", 2011). A read may see a part of an update.
  */
final class Hogwild(store: ShardStore, optimizer: Optimizer) extends Consistency {
  // Two counters, as an update has its number before it is applied but counts only after. The write to `finished`
  // after the update and the read of it before a copy also order the plain array accesses between threads.
  private val begun = new AtomicLong
  private val finished = new AtomicLong

  override def version: Long = finished.get

  override def push(gradient: FloatSource, change: Boolean, answer: Option[FloatSink]): Long = {
    Update(store, if (change) Addition else optimizer, gradient, answer, begun.incrementAndGet())
    finished.incrementAndGet()
  }

  override def read(into: FloatSink): Long = {
    val version = finished.get
    Update.read(store, into)
    version
  }

  override def weights(): Array[Float] = {
    finished.get // orders the reads after the updates that it counts
    store.weights()
  }

  override def close(): Unit = store.close()
}
