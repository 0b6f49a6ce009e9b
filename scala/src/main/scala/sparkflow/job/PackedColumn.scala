package sparkflow.job

import org.apache.spark.ml.attribute.AttributeGroup
import org.apache.spark.ml.linalg.SQLDataTypes
import org.apache.spark.sql.{Column, Dataset}
import org.apache.spark.sql.catalyst.InternalRow
import org.apache.spark.sql.catalyst.util.ArrayData
import org.apache.spark.sql.functions.array
import org.apache.spark.sql.sparkflow.RowFunction
import org.apache.spark.sql.types._

import sparkflow.Names

/** A features or label column as one binary value per row: its numbers as little-endian float32, back to back.
  *
  * Arrow then copies memory instead of writing elements, and Python views a batch as one (rows, width) array.
  * An ML vector gives its size in numbers (a sparse one is filled with its zeros), an array its length, a plain
  * numeric or boolean column one.
  */
object PackedColumn {

  /** Refuses a column that the schema has not, or whose type can't be packed.
    *
    * @param param name of the Param that named the column, for the message
    */
  def check(schema: StructType, param: String, name: String): StructField = {
    val field = find(schema, param, name)
    field.dataType match {
      case _: NumericType | BooleanType      => field
      case ArrayType(_: NumericType, _)      => field
      case t if t == SQLDataTypes.VectorType => field
      case other =>
        throw new IllegalArgumentException(
          s"$param is '$name', a column of type ${other.simpleString}: expected an ML vector, an array of numbers or a " +
            "plain number; VectorAssembler, StringIndexer and OneHotEncoder make one from other columns"
        )
    }
  }

  /** The column of that name.
    *
    * @throws IllegalArgumentException if there is none; the message names close ones
    */
  private[job] def find(schema: StructType, param: String, name: String): StructField =
    schema.fields
      .find(_.name == name)
      .getOrElse(
        throw new IllegalArgumentException(
          s"$param is '$name', but the DataFrame has no column '$name'${Names.didYouMean(name, schema.fieldNames)}; " +
            s"its columns are ${schema.fieldNames.take(20).mkString(", ")}${if (schema.size > 20) ", …"
              else ""}"
        )
      )

  /** The column of that name, whatever characters are in it. */
  def named(dataset: Dataset[_], name: String): Column = dataset.col(s"`${name.replace("`", "``")}`")

  /** The packed column of that name. */
  def of(dataset: Dataset[_], name: String): Column =
    PackedColumn(named(dataset, name), dataset.schema(name).dataType, name)

  private[job] def nullMessage(name: String): String =
    s"column '$name' has a null: SparkFlow does not guess a value; drop such rows with " +
      s"df.dropna(subset=['$name']), in Scala df.na.drop(Seq(\"$name\")), or fill them (Imputer, fillna)"

  /** Numbers in a row of this column where its ML attributes tell (VectorAssembler and OneHotEncoder set them). */
  def knownSize(field: StructField): Option[Long] = field.dataType match {
    case t if t == SQLDataTypes.VectorType =>
      Some(AttributeGroup.fromStructField(field).size.toLong).filter(_ >= 0)
    case _: ArrayType => None
    case _            => Some(1L)
  }

  /** The packed column. A null row, or a null element of an array, fails the job with a message that names the column. */
  def apply(column: Column, dataType: DataType, name: String): Column = {
    val ifNull = nullMessage(name)
    def packed(input: Column)(pack: Any => Array[Byte]) =
      RowFunction.column(input, "sparkflow_pack", BinaryType) { value =>
        val bytes = if (value == null) null else pack(value)
        if (bytes == null) throw RowFunction.raised(ifNull)
        bytes
      }
    def floats(input: Column) = packed(input)(v => PackedRow.ofFloats(v.asInstanceOf[ArrayData]))
    dataType match {
      case t if t == SQLDataTypes.VectorType =>
        packed(column)(v => PackedRow.ofVector(v.asInstanceOf[InternalRow]))
      case ArrayType(DoubleType, _)   => packed(column)(v => PackedRow.ofDoubles(v.asInstanceOf[ArrayData]))
      case ArrayType(_, containsNull) => floats(column.cast(ArrayType(FloatType, containsNull)))
      case _                          => floats(array(column.cast(FloatType)))
    }
  }

  /** The other way, for predictions: little-endian float64 to an ML vector. */
  def unpackVector(packed: Column): Column =
    RowFunction.column(packed, "sparkflow_unpack", SQLDataTypes.VectorType) { bytes =>
      PackedRow.toVector(bytes.asInstanceOf[Array[Byte]])
    }

  /** The values of what `unpackVector` gives, as an array of double. */
  def valuesOfVector(vector: Column): Column =
    RowFunction.column(vector, "sparkflow_values", ArrayType(DoubleType, containsNull = false))(
      _.asInstanceOf[InternalRow].getArray(3)
    )
}
