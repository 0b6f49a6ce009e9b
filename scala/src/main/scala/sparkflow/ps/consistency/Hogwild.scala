package sparkflow.ps.consistency

import java.util.concurrent.atomic.AtomicLong

import sparkflow.ps.optim.Optimizer
import sparkflow.ps.store.{Excerpt, FloatSink, FloatSource, ShardStore, StoreSnapshot}

/** No lock: updates and reads run at the same time, and where two meet on one element, one of them may be lost there
  * (Niu et al., "Hogwild!", 2011). A read may see a part of an update.
  *
  * @param from what the store goes on from
  */
final class Hogwild(store: ShardStore, optimizer: Optimizer, from: StoreSnapshot) extends Consistency {
  // Two counters, as an update has its number before it is applied but counts only after. The write to `finished`
  // after the update and the read of it before a copy also order the plain array accesses between threads.
  private val begun = new AtomicLong(from.version)
  private val finished = new AtomicLong(from.version)
  private val rows = new RowUpdate(store, optimizer, from)

  override def version: Long = finished.get

  override def push(
      gradient: FloatSource,
      change: Boolean,
      answer: Option[FloatSink],
      age: Option[Age]
  ): Long = {
    val t = begun.incrementAndGet()
    rows.around(t)(Update(store, if (change) Addition else optimizer, gradient, answer, age, t))
    finished.incrementAndGet()
  }

  override def read(into: FloatSink): Long = {
    val version = finished.get
    rows.settle(version)
    Update.read(store, into)
    version
  }

  override def pushRows(
      gradient: Excerpt[FloatSource],
      answer: Excerpt[FloatSink],
      age: Option[Age]
  ): Long = {
    rows(gradient, answer, age, begun.incrementAndGet())
    finished.incrementAndGet()
  }

  override def readRows(into: Excerpt[FloatSink]): Long = {
    val version = finished.get
    rows.read(into, version)
    version
  }

  override def weights(): Array[Float] = {
    rows.settle(finished.get) // which also orders the reads after the updates that it counts
    store.weights()
  }

  override def snapshot(): StoreSnapshot = rows.snapshot(finished.get)

  override def close(): Unit = store.close()
}
