package sparkflow.job

import java.nio.{ByteBuffer, ByteOrder}

import org.apache.spark.ml.attribute.AttributeGroup
import org.apache.spark.ml.linalg.{DenseVector, SQLDataTypes, Vector}
import org.apache.spark.sql.Column
import org.apache.spark.sql.functions.{array, udf}
import org.apache.spark.sql.sparkflow.PackRow
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
    val field = schema.fields
      .find(_.name == name)
      .getOrElse(
        throw new IllegalArgumentException(
          s"$param is '$name', but the DataFrame has no column '$name'${Names.didYouMean(name, schema.fieldNames)}; " +
            s"its columns are ${schema.fieldNames.take(20).mkString(", ")}${if (schema.size > 20) ", …"
              else ""}"
        )
      )
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

  /** Numbers in a row of this column where its ML attributes tell (VectorAssembler and OneHotEncoder set them). */
  def knownSize(field: StructField): Option[Long] = field.dataType match {
    case t if t == SQLDataTypes.VectorType =>
      Some(AttributeGroup.fromStructField(field).size.toLong).filter(_ >= 0)
    case _: ArrayType => None
    case _            => Some(1L)
  }

  /** The packed column. A null row, or a null element of an array, fails the job with a message that names the column. */
  def apply(column: Column, dataType: DataType, name: String): Column = {
    val ifNull =
      s"column '$name' has a null: SparkFlow does not guess a value; drop such rows with " +
        s"df.dropna(subset=['$name']), in Scala df.na.drop(Seq(\"$name\")), or fill them (Imputer, fillna)"
    dataType match {
      case t if t == SQLDataTypes.VectorType => PackRow.column(column, PackRow.vector, ifNull)
      case ArrayType(DoubleType, _)          => PackRow.column(column, PackRow.doubleArray, ifNull)
      case ArrayType(_, containsNull) =>
        PackRow.column(column.cast(ArrayType(FloatType, containsNull)), PackRow.floatArray, ifNull)
      case _ => PackRow.column(array(column.cast(FloatType)), PackRow.floatArray, ifNull)
    }
  }

  /** The other way, for predictions: little-endian float64 to an ML vector. */
  val unpackVector = udf { (bytes: Array[Byte]) =>
    val values = new Array[Double](bytes.length / 8)
    ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).asDoubleBuffer().get(values)
    new DenseVector(values): Vector
  }
}
