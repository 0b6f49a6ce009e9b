package sparkflow.ps.consistency

import sparkflow.ps.optim.Optimizer
import sparkflow.ps.store.{Excerpt, FloatSink, FloatSource, ShardStore, StoreSnapshot}

/** How the updates and the reads of several workers meet in one store. Thread-safe. */
trait Consistency {

  /** Updates applied so far. */
  def version: Long

  /** Applies one gradient, as long as the weights; it is only read, and not after the return.
    *
    * @param change it is no gradient but a change, and is added to the weights
    * @param answer where to put the weights after this update, if anywhere
    * @param age what is to be made up for, if anything is
    * @return the version after it: one more than the updates that were applied before
    */
  def push(
      gradient: FloatSource,
      change: Boolean,
      answer: Option[FloatSink],
      age: Option[Age] = None
  ): Long

  /** Copies the weights. @return their version */
  def read(into: FloatSink): Long

  /** Applies one gradient of the dense part and some rows, as TensorFlow applies a sparse one.
    *
    * @param answer where to put the weights after this update: other rows of the same tables
    * @param age what is to be made up for, if anything is; not by compensation
    * @return the version after it
    */
  def pushRows(
      gradient: Excerpt[FloatSource],
      answer: Excerpt[FloatSink],
      age: Option[Age] = None
  ): Long

  /** Copies the dense part and some rows. @return their version */
  def readRows(into: Excerpt[FloatSink]): Long

  /** A copy of the weights. */
  def weights(): Array[Float]

  /** A copy of all there is, also after `close`. Nobody pushes meanwhile. */
  def snapshot(): StoreSnapshot

  /** No more pushes; frees the threads. */
  def close(): Unit
}

object Consistency {
  private val byName: Map[String, (ShardStore, Optimizer, StoreSnapshot) => Consistency] =
    Map(
      "hogwild" -> (new Hogwild(_, _, _)),
      "locked" -> (new Locked(_, _, _)),
      // In these workers wait for each other, too; what they push is applied as it is in locked.
      "ssp" -> (new Locked(_, _, _)),
      "sync" -> (new Locked(_, _, _))
    )

  val modes: Seq[String] = byName.keys.toSeq.sorted

  /** @throws IllegalArgumentException for a mode that there is not */
  def check(mode: String): Unit =
    require(byName.contains(mode), s"mode '$mode' is unknown, expected one of ${modes.mkString(", ")}")

  /** @param weights to start from; copied
    * @param threads that may work on one update at once
    */
  def apply(mode: String, optimizer: Optimizer, weights: Array[Float], threads: Int): Consistency =
    apply(mode, optimizer, StoreSnapshot.first(weights), threads, Seq(0))

  /** @param from    what to go on from; copied
    * @param threads that may work on one update at once
    * @param starts  the number of each variable's first weight
    */
  def apply(
      mode: String,
      optimizer: Optimizer,
      from: StoreSnapshot,
      threads: Int,
      starts: Seq[Int]
  ): Consistency = {
    check(mode)
    val store = new ShardStore(from.weights, optimizer.slots.map(_.initial), threads, starts)
    if (from.slots.nonEmpty) store.restore(from.slots)
    byName(mode)(store, optimizer, from)
  }
}
