package sparkflow.job

import org.apache.spark.ml.linalg.SQLDataTypes
import org.apache.spark.sql.Column
import org.apache.spark.sql.catalyst.InternalRow
import org.apache.spark.sql.sparkflow.Functions
import org.apache.spark.sql.types.{BinaryType, DoubleType, StructField}

import sparkflow.job.Dtype.Numbers

/** A column of ML vectors that feeds a `tf.sparse_placeholder`: its zeros never travel. */
private[job] object SparseColumn {

  /** Refuses a column of anything else, and a placeholder that does not say how long a row is. */
  def check(field: StructField, fed: Fed, to: TensorInfo): Unit = {
    import fed._
    def refuse(why: String) = throw new IllegalArgumentException(why)
    if (role != "features")
      refuse(
        s"$tensorParam '$tensor' is a sparse placeholder, which only features can feed: make it a dense one"
      )
    if (field.dataType != SQLDataTypes.VectorType)
      refuse(
        s"$columnParam is '$column', a column of type ${field.dataType.simpleString}, but $tensorParam '$tensor' is a sparse " +
          "placeholder: name a column of ML vectors, such as HashingTF, CountVectorizer or OneHotEncoder make"
      )
    if (!to.shape.exists(shape => shape.size == 2 && shape(1) > 0))
      refuse(
        s"$tensorParam '$tensor' is a sparse placeholder of shape ${to.shapeText}: give it the size of a row, as in " +
          "tf.sparse_placeholder(tf.float32, [None, 1000])"
      )
    PackedColumn.checkSize(field, fed, to)
  }

  /** Binary values, as `PackedRow.ofSparse` makes them; a null, a value that the placeholder's dtype does not hold, and a
    * vector of another size fail the job with a message that names the column.
    */
  def apply(column: Column, fed: Fed, to: TensorInfo, values: Numbers): Column =
    RowFunction.column(column, BinaryType, Pack(fed, to, values))

  private final case class Pack(fed: Fed, to: TensorInfo, values: Numbers) extends RowFunction.Body {
    private val row = new PackedRow(values, DoubleType, PackedColumn.refusal(fed, to, values))
    private val shape = new RowShape(fed, to)

    override def apply(value: Any): Array[Byte] = {
      if (value == null) throw Functions.raised(PackedColumn.nullMessage(fed.column))
      val vector = value.asInstanceOf[InternalRow]
      shape.check(Seq(PackedRow.sizeOf(vector)))
      row.ofSparse(vector)
    }
  }
}
