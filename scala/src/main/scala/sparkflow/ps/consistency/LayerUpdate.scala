package sparkflow.ps.consistency

import sparkflow.ps.optim.Layerwise
import sparkflow.ps.store.{FloatSink, FloatSource, ShardStore}

/** What [[Update]] does, for a rule that looks at whole variables: two passes over the store. */
private[consistency] object LayerUpdate {

  /** Update number `t` of the whole store. */
  def apply(
      store: ShardStore,
      rule: Layerwise,
      gradient: FloatSource,
      answer: Option[FloatSink],
      age: Option[Age],
      t: Long
  ): Unit = {
    val pieces = store.pieces
    val firsts = pieces.scanLeft(0)(_ + _.length) // the number of each shard's first piece
    val parts = new Array[Double](firsts.last * Layerwise.sums)
    store.sweep { (shard, room) =>
      val i = shard.from / ShardStore.shardLength
      gradient.get(shard.from, room, 0, shard.length)
      age.foreach(_.correct(room, shard.from, shard.weights, t))
      for ((piece, k) <- pieces(i).zipWithIndex)
        rule.prepare(
          shard.weights,
          room,
          shard.slots,
          piece.from,
          piece.until,
          t,
          parts,
          (firsts(i) + k) * Layerwise.sums
        )
    }
    val strides = stridesOf(store, rule, parts, t)
    store.sweep { (shard, _) =>
      for (piece <- pieces(shard.from / ShardStore.shardLength))
        rule.move(shard.weights, shard.slots, piece.from, piece.until, t, strides(piece.variable))
      answer.foreach(_.put(shard.from, shard.weights, 0, shard.length))
    }
  }

  /** By variable. The parts are added up in their order, so that the bits don't depend on the threads. */
  private def stridesOf(store: ShardStore, rule: Layerwise, parts: Array[Double], t: Long): Array[Float] = {
    val n = Layerwise.sums
    val sums = new Array[Double](store.variables * n)
    for ((piece, number) <- store.pieces.iterator.flatten.zipWithIndex; k <- 0 until n)
      sums(piece.variable * n + k) += parts(number * n + k)
    Array.tabulate(store.variables)(variable => rule.stride(t, sums, variable * n))
  }
}
