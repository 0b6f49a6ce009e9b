package sparkflow.ps.consistency

import sparkflow.ps.store.{Excerpt, FloatSink, FloatSource}

/** What one worker's push brings: applied by itself, or averaged with those of other workers. */
sealed trait Contribution {

  /** Applies it as one update, and puts the weights after it where the worker wants them.
    *
    * @return the version after it
    */
  def applyTo(consistency: Consistency): Long

  /** Whether both can be averaged. */
  def isLike(other: Contribution): Boolean
}

/** Of all weights.
  *
  * @param change it is no gradient but a change, to be added to the weights
  */
final case class Whole(
    gradient: FloatSource,
    change: Boolean,
    answer: Option[FloatSink],
    age: Option[Age] = None
) extends Contribution {
  override def applyTo(consistency: Consistency): Long = consistency.push(gradient, change, answer, age)

  override def isLike(other: Contribution): Boolean = other match {
    case whole: Whole => whole.change == change
    case _            => false
  }
}

/** Of the dense part and some rows. */
final case class Rows(
    gradient: Excerpt[FloatSource],
    answer: Excerpt[FloatSink],
    age: Option[Age] = None
) extends Contribution {
  override def applyTo(consistency: Consistency): Long = consistency.pushRows(gradient, answer, age)
  override def isLike(other: Contribution): Boolean = other.isInstanceOf[Rows]
}

object Contribution {

  /** The mean of contributions that are alike, each weighted by its samples. It is summed in their order, so it is the
    * same to the bit whenever they are, and puts weights nowhere. A row counts as 0 where a contribution has it not.
    *
    * @param parts with their samples, 1 or more
    */
  def mean(parts: Seq[(Contribution, Int)]): Contribution = {
    val samples = parts.map(_._2.toLong).sum
    val shares = parts.map { case (_, n) => (n.toDouble / samples).toFloat }
    def averaged(of: Seq[FloatSource]) = new Mean(of.toArray, shares.toArray)
    parts.head._1 match {
      case Whole(_, change, _, _) =>
        Whole(averaged(parts.collect { case (whole: Whole, _) => whole.gradient }), change, None)
      case first: Rows =>
        val gradients = parts.collect { case (rows: Rows, _) => rows.gradient }
        val tables = first.gradient.selection.of
        val union = tables.union(gradients.map(_.selection))
        val spread = gradients.map(g => new Spread(g, union))
        Rows(
          new Excerpt(union, averaged(gradients.map(_.dense)), averaged(spread)),
          new Excerpt(tables.noRows, Nowhere, Nowhere)
        )
    }
  }

  private object Nowhere extends FloatSink {
    override def put(from: Int, values: Array[Float], at: Int, count: Int): Unit = ()
  }
}
