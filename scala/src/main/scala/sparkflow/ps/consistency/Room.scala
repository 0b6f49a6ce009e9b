package sparkflow.ps.consistency

import sparkflow.ps.store.ShardStore

/** A thread's second array of a shard's size, for what comes beside the gradient. */
private[consistency] object Room {
  private val rooms = ThreadLocal.withInitial(() => new Array[Float](ShardStore.shardLength))

  /** Room for `count` values, until the next call on the same thread. */
  def apply(count: Int): Array[Float] = {
    if (rooms.get.length < count) rooms.set(new Array[Float](count))
    rooms.get
  }
}
