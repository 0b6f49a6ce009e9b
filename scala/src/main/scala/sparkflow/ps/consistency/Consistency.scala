package sparkflow.ps.consistency

import sparkflow.ps.optim.Optimizer
import sparkflow.ps.store.ShardStore

/** How the updates and the reads of several workers meet in one store. Thread-safe. */
trait Consistency {

  /** Updates applied so far. */
  def version: Long

  /** Applies one gradient, as long as the weights; it is only read, and not after the return.
    *
    * @return the version after it: one more than the updates that were applied before
    */
  def push(gradient: Array[Float]): Long

  /** Gives `use` the weights, to read only and not after its return, and their version. */
  def read[A](use: (Array[Float], Long) => A): A
}

object Consistency {
  private val byName: Map[String, (ShardStore, Optimizer) => Consistency] =
    Map("hogwild" -> (new Hogwild(_, _)), "locked" -> (new Locked(_, _)))

  val modes: Seq[String] = byName.keys.toSeq.sorted

  /** @throws IllegalArgumentException for a mode that there is not */
  def check(mode: String): Unit =
    require(byName.contains(mode), s"mode '$mode' is unknown, expected one of ${modes.mkString(", ")}")

  /** @param weights to start from; taken over */
  def apply(mode: String, optimizer: Optimizer, weights: Array[Float]): Consistency = {
    check(mode)
    byName(mode)(new ShardStore(weights, optimizer.slots.map(_.initial)), optimizer)
  }

  /** Update number `t` of the whole store. */
  private[consistency] def step(
      store: ShardStore,
      optimizer: Optimizer,
      gradient: Array[Float],
      t: Long
  ): Unit =
    store.shards.foreach(s => optimizer.step(store.weights, gradient, store.slots, s.from, s.until, t))
}
