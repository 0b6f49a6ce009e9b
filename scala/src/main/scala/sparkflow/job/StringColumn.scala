package sparkflow.job

import org.apache.spark.sql.Column
import org.apache.spark.sql.catalyst.util.ArrayData
import org.apache.spark.sql.sparkflow.Functions
import org.apache.spark.sql.types._

/** A column of strings or binary values, or of arrays of these, that feeds a placeholder of strings: it goes as bytes. */
private[job] object StringColumn {

  /** Refuses a column that is none, and one of another number of strings a row than the placeholder takes. */
  def check(field: StructField, fed: Fed, placeholder: TensorInfo): Unit = {
    import fed._
    val (isArray, known) = field.dataType match {
      case _: StringType | BinaryType               => (false, true)
      case ArrayType(_: StringType | BinaryType, _) => (true, true)
      case _                                        => (false, false)
    }
    if (!known)
      throw new IllegalArgumentException(
        s"$columnParam is '$column', a column of type ${field.dataType.simpleString}, but $tensorParam '${placeholder.name}' takes " +
          "strings: name a column of strings, binary values, or arrays of these"
      )
    for (count <- placeholder.rowSize if !isArray && count != 1)
      throw new IllegalArgumentException(
        s"$tensorParam '${placeholder.name}' takes $count strings a row, but column '$column' ($columnParam) brings one: make an " +
          "array of them, such as with split(…)"
      )
  }

  /** The column as binary values or arrays of these; a null fails the job with a message that names it. */
  def apply(column: Column, dataType: DataType, fed: Fed): Column = {
    val to = dataType match {
      case ArrayType(_, _) => ArrayType(BinaryType)
      case _               => BinaryType
    }
    RowFunction.column(RowFunction.cast(column, dataType, to), to, WithoutNulls(fed))
  }

  private final case class WithoutNulls(fed: Fed) extends RowFunction.Body {
    override def apply(value: Any): Any = value match {
      case null => throw Functions.raised(PackedColumn.nullMessage(fed.column))
      case array: ArrayData if (0 until array.numElements()).exists(array.isNullAt) =>
        throw Functions.raised(PackedColumn.nullWithinMessage(fed.column, 1))
      case whole => whole
    }
  }
}
