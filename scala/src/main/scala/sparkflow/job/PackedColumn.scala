package sparkflow.job

import java.nio.{ByteBuffer, ByteOrder}

import org.apache.spark.ml.attribute.AttributeGroup
import org.apache.spark.ml.linalg.{DenseVector, SQLDataTypes, SparseVector, Vector}
import org.apache.spark.sql.Column
import org.apache.spark.sql.functions._
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
    val isNull = raise_error(
      lit(
        s"column '$name' has a null: SparkFlow does not guess a value; drop such rows with " +
          s"df.dropna(subset=['$name']), in Scala df.na.drop(Seq(\"$name\")), or fill them (Imputer, fillna)"
      )
    ).cast(BinaryType)
    val packed = dataType match {
      case ArrayType(_, containsNull) =>
        val floats = packArray(column.cast(ArrayType(FloatType, containsNull)))
        if (containsNull) when(exists(column, _.isNull), isNull).otherwise(floats) else floats
      case t if t == SQLDataTypes.VectorType => packVector(column)
      case _                                 => packArray(array(column.cast(FloatType)))
    }
    when(column.isNull, isNull).otherwise(packed)
  }

  private val packVector = udf { (v: Vector) =>
    val out = ByteBuffer.allocate(4 * v.size).order(ByteOrder.LITTLE_ENDIAN)
    v match {
      case sparse: SparseVector =>
        val (indices, values) = (sparse.indices, sparse.values)
        var i = 0
        while (i < indices.length) { out.putFloat(4 * indices(i), values(i).toFloat); i += 1 }
      case dense =>
        val values = dense.toArray
        var i = 0
        while (i < values.length) { out.putFloat(4 * i, values(i).toFloat); i += 1 }
    }
    out.array()
  }

  private val packArray = udf { (values: Array[Float]) =>
    val out = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN)
    out.asFloatBuffer().put(values)
    out.array()
  }

  /** The other way, for predictions: little-endian float64 to an ML vector. */
  val unpackVector = udf { (bytes: Array[Byte]) =>
    val values = new Array[Double](bytes.length / 8)
    ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).asDoubleBuffer().get(values)
    new DenseVector(values): Vector
  }
}
