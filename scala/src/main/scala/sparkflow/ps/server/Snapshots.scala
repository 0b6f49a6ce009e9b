package sparkflow.ps.server

import java.util.concurrent.locks.{Lock, ReentrantReadWriteLock}

import sparkflow.ps.FitSnapshot

/** Takes snapshots between two updates. Updates run at the same time as ever; they wait while a snapshot is copied.
  *
  * @param every updates between two snapshots; 0 for none
  * @param events wants them, or not
  * @param copy  makes one
  */
private[server] final class Snapshots(every: Int, events: EventQueue, copy: => FitSnapshot) {
  @volatile private var first = 0L // updates that there were from the start
  private val lock = new ReentrantReadWriteLock

  /** The fit goes on from so many updates, of which there is a snapshot already. */
  def begin(version: Long): Unit = first = version

  /** Runs an update, and counts it among the worker's, with no snapshot in between. */
  def updating[A](update: => A): A = holding(lock.readLock)(update)

  /** The weights have had `version` updates, which is said once of each number. */
  def passing(version: Long): Unit =
    if (every > 0 && version % every == 0 && version > first && events.wantsSnapshot())
      events.snapshot(apply())

  def apply(): FitSnapshot = holding(lock.writeLock)(copy)

  private def holding[A](lock: Lock)(action: => A): A = {
    lock.lock()
    try action
    finally lock.unlock()
  }
}
