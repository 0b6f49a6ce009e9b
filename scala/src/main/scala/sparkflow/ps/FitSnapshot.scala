package sparkflow.ps

import sparkflow.ps.store.{Layout, StoreSnapshot}

/** All that a fit has come to between two updates: enough for another server to go on from there.
  *
  * @param store        weights, slots and updates
  * @param state        little-endian, in the order of the layout
  * @param round        that was under way
  * @param workers      of that round, as far as they are known
  * @param elapsedNanos since the weights came into being
  */
final case class FitSnapshot(
    layout: Layout,
    store: StoreSnapshot,
    state: Array[Byte],
    round: Int,
    workers: Seq[WorkerProgress],
    counts: FitCounts,
    elapsedNanos: Long
)

/** How far a worker has come in its round.
  *
  * @param rows    of its partition, as its task said; None if no task has
  * @param step    the next that is expected of it
  * @param samples of its steps since its last report
  * @param loss    sum over these samples
  */
final case class WorkerProgress(worker: Int, rows: Option[Long], step: Long, samples: Long, loss: Double)
