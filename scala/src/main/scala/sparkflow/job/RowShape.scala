package sparkflow.job

import org.apache.spark.sql.sparkflow.Functions

/** Holds the shape of each row of a column to that of the placeholder that it feeds. */
private[job] final class RowShape(fed: Fed, placeholder: TensorInfo) extends Serializable {
  private val expected = placeholder.shape.getOrElse(Nil).drop(1)
  private val size = placeholder.rowSize.getOrElse(-1L)
  private val what = s"column '${fed.column}' (${fed.columnParam})"
  private val takes =
    s"but ${fed.tensorParam} '${placeholder.name}' takes rows of shape ${TensorInfo.shapeText(expected)}"

  /** Fails the job if the shape is another one. */
  def check(found: Seq[Int]): Unit = {
    var i = 0
    while (i < expected.size) {
      if (expected(i) >= 0 && expected(i) != found(i))
        raise(
          s"$what has a row of shape ${TensorInfo.shapeText(found.map(_.toLong))}, $takes: make all rows of that shape, or change the placeholder's"
        )
      i += 1
    }
  }

  /** Fails the job if so many values don't fill a row. */
  def checkSize(values: Int): Unit =
    if (size >= 0 && values != size)
      raise(
        s"$what has a row of $values value(s), $takes: make all rows of that size, or change the placeholder's shape"
      )

  /** Fails the job: two arrays in a row have these sizes. */
  def ragged(one: Int, other: Int): Nothing =
    raise(
      s"$what has a ragged row, in which arrays of the same level have $one and $other elements, $takes: make them of one length"
    )

  def raise(message: String): Nothing = throw Functions.raised(message)
}
