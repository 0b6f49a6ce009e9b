package sparkflow.ps.store

/** Weights, and what an optimizer knows of them, as one update left them; the arrays are nobody else's.
  *
  * @param version updates that the weights have had
  * @param slots   each as long as the weights; none stands for what the optimizer starts with
  * @param clocks  for each table of which rows may have something to make up for, the last update that each row has had
  * @param whole   the last update of all weights at once, which no row is behind
  */
final case class StoreSnapshot(
    version: Long,
    weights: Array[Float],
    slots: Seq[Array[Float]],
    clocks: Map[Table, Array[Long]],
    whole: Long
)

object StoreSnapshot {

  /** Weights that have had no update yet. */
  def first(weights: Array[Float]): StoreSnapshot = StoreSnapshot(0, weights, Nil, Map.empty, 0)
}
