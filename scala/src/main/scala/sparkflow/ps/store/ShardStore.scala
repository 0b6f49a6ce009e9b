package sparkflow.ps.store

/** A range `[from, until)` of the flat weights: the piece of work of one optimizer call. */
final case class Shard(from: Int, until: Int)

/** The weights and the optimizer's slots of one fit. It locks nothing: who may touch what, and when, is the business of
  * the consistency mode.
  *
  * @param weights owned and changed by the store from now on
  * @param slotInitials what each slot starts at
  */
final class ShardStore(val weights: Array[Float], slotInitials: Seq[Float]) {

  /** As long as the weights, one for each slot of the optimizer. */
  val slots: Array[Array[Float]] = slotInitials.map(Array.fill(weights.length)(_)).toArray

  /** The weights, cut into ranges that touch no element twice. */
  val shards: Seq[Shard] =
    (0 until weights.length by ShardStore.shardLength).map { from =>
      Shard(from, math.min(from.toLong + ShardStore.shardLength, weights.length.toLong).toInt)
    }
}

object ShardStore {

  /** Elements of a shard: 1 MiB of weights, so that a shard's weights, gradient and slots fit a core's cache. */
  val shardLength: Int = 1 << 18
}
