package sparkflow.ps.consistency

import java.util.concurrent.locks.{Lock, ReentrantReadWriteLock}

import sparkflow.ps.optim.Optimizer
import sparkflow.ps.store.{FloatSink, FloatSource, ShardStore}

/** Updates are atomic and ordered; a read sees exactly the updates up to its version. */
final class Locked(store: ShardStore, optimizer: Optimizer) extends Consistency {
  private val lock = new ReentrantReadWriteLock
  @volatile private var applied = 0L

  override def version: Long = applied

  override def push(gradient: FloatSource, change: Boolean, answer: Option[FloatSink]): Long =
    holding(lock.writeLock) {
      val t = applied + 1
      Update(store, if (change) Addition else optimizer, gradient, answer, t)
      applied = t
      t
    }

  override def read(into: FloatSink): Long = holding(lock.readLock) {
    Update.read(store, into)
    applied
  }

  override def weights(): Array[Float] = holding(lock.readLock)(store.weights())

  override def close(): Unit = store.close()

  private def holding[A](lock: Lock)(action: => A): A = {
    lock.lock()
    try action
    finally lock.unlock()
  }
}
