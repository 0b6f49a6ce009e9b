package sparkflow.ps.consistency

import java.util.concurrent.locks.{Lock, ReentrantReadWriteLock}

import sparkflow.ps.optim.Optimizer
import sparkflow.ps.store.{Excerpt, FloatSink, FloatSource, ShardStore, StoreSnapshot}

/** Updates are atomic and ordered; a read sees exactly the updates up to its version.
  *
  * @param from what the store goes on from
  */
final class Locked(store: ShardStore, optimizer: Optimizer, from: StoreSnapshot) extends Consistency {
  private val lock = new ReentrantReadWriteLock
  private val rows = new RowUpdate(store, optimizer, from)
  // Whoever reads all weights makes up for what rows have missed, and so writes.
  private val readingAll = if (rows.fallsBehind) lock.writeLock else lock.readLock
  @volatile private var applied = from.version

  override def version: Long = applied

  override def push(
      gradient: FloatSource,
      change: Boolean,
      answer: Option[FloatSink],
      age: Option[Age]
  ): Long =
    holding(lock.writeLock) {
      val t = applied + 1
      rows.around(t)(Update(store, if (change) Addition else optimizer, gradient, answer, age, t))
      applied = t
      t
    }

  override def read(into: FloatSink): Long = holding(readingAll) {
    rows.settle(applied)
    Update.read(store, into)
    applied
  }

  override def pushRows(gradient: Excerpt[FloatSource], answer: Excerpt[FloatSink], age: Option[Age]): Long =
    holding(lock.writeLock) {
      val t = applied + 1
      rows(gradient, answer, age, t)
      applied = t
      t
    }

  override def readRows(into: Excerpt[FloatSink]): Long = holding(lock.readLock) {
    rows.read(into, applied)
    applied
  }

  override def weights(): Array[Float] = holding(readingAll) {
    rows.settle(applied)
    store.weights()
  }

  override def snapshot(): StoreSnapshot = holding(lock.readLock)(rows.snapshot(applied))

  override def close(): Unit = store.close()

  private def holding[A](lock: Lock)(action: => A): A = {
    lock.lock()
    try action
    finally lock.unlock()
  }
}
