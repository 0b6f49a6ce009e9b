package sparkflow.ps.consistency

import sparkflow.ps.optim.{Layerwise, Optimizer}
import sparkflow.ps.store.{FloatSink, FloatSource, ShardStore}

/** What every mode does to the store, in one pass: while a shard is in the processor's cache, its part of the gradient
  * is read, the optimizer runs, and the new weights go to the worker.
  */
private[consistency] object Update {

  /** Update number `t` of the whole store. */
  def apply(
      store: ShardStore,
      optimizer: Optimizer,
      gradient: FloatSource,
      answer: Option[FloatSink],
      age: Option[Age],
      t: Long
  ): Unit = optimizer match {
    case rule: Layerwise => LayerUpdate(store, rule, gradient, answer, age, t)
    case _               => sweep(store, optimizer, gradient, answer, age, t)
  }

  private def sweep(
      store: ShardStore,
      optimizer: Optimizer,
      gradient: FloatSource,
      answer: Option[FloatSink],
      age: Option[Age],
      t: Long
  ): Unit = {
    val out = answer.orNull
    val old = age.orNull
    store.sweep { (shard, room) =>
      gradient.get(shard.from, room, 0, shard.length)
      if (old != null) old.correct(room, shard.from, shard.weights, t)
      optimizer.step(shard.weights, room, shard.slots, 0, shard.length, t)
      if (out != null) out.put(shard.from, shard.weights, 0, shard.length)
    }
  }

  def read(store: ShardStore, into: FloatSink): Unit =
    store.look(shard => into.put(shard.from, shard.weights, 0, shard.length))
}
