package sparkflow.ps.store

/** Some rows side by side, with their slots: copied from the store, worked on in one go, copied back. A loop over all of
  * them is several times faster than one over each, and rows may lie across shards.
  */
final class Block(capacity: Int, slotCount: Int) {
  val weights = new Array[Float](capacity)
  val gradient = new Array[Float](capacity)
  val slots: Array[Array[Float]] = Array.fill(slotCount)(new Array[Float](capacity))

  /** The weights and then each of the slots. */
  val columns: Array[Array[Float]] = weights +: slots

  val weightsAlone: Array[Array[Float]] = Array(weights)
}
