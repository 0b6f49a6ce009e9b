package sparkflow.ps.consistency

import java.util.concurrent.locks.ReentrantReadWriteLock

import sparkflow.ps.optim.Optimizer
import sparkflow.ps.store.ShardStore

/** Updates are atomic and ordered; a read sees exactly the updates up to its version. */
final class Locked(store: ShardStore, optimizer: Optimizer) extends Consistency {
  private val lock = new ReentrantReadWriteLock
  @volatile private var applied = 0L

  override def version: Long = applied

  override def push(gradient: Array[Float]): Long = {
    lock.writeLock.lock()
    try {
      val t = applied + 1
      Consistency.step(store, optimizer, gradient, t)
      applied = t
      t
    } finally lock.writeLock.unlock()
  }

  override def read[A](use: (Array[Float], Long) => A): A = {
    lock.readLock.lock()
    try use(store.weights, applied)
    finally lock.readLock.unlock()
  }
}
