package sparkflow.job

import org.apache.spark.ml.attribute.AttributeGroup
import org.apache.spark.ml.linalg.SQLDataTypes
import org.apache.spark.sql.{Column, Dataset}
import org.apache.spark.sql.catalyst.InternalRow
import org.apache.spark.sql.catalyst.util.{ArrayData, GenericArrayData}
import org.apache.spark.sql.sparkflow.Functions
import org.apache.spark.sql.types._

import sparkflow.Names
import sparkflow.job.Dtype.{Float32, Integers, Numbers}

/** A column of numbers as one binary value per row: its numbers, of the placeholder's type, back to back.
  *
  * Arrow then copies memory instead of writing elements, and Python views a batch as one (rows, width) array.
  * An ML vector gives its size in numbers (a sparse one is filled with its zeros), an array its length, arrays of arrays
  * the product of their lengths, an image a number for each channel of each pixel, a plain numeric or boolean column one.
  */
object PackedColumn {

  /** Refuses a column whose type can't be packed, or has other dimensions or another size than a row of the placeholder. */
  private[job] def check(field: StructField, fed: Fed, placeholder: TensorInfo): Unit = {
    import fed._
    def plural(count: Int) = if (count == 1) "1 dimension" else s"$count dimensions"
    rank(field.dataType) match {
      case None =>
        throw new IllegalArgumentException(
          s"$columnParam is '$column', a column of type ${field.dataType.simpleString}: expected an ML vector, an array of " +
            "numbers (or of such arrays), a plain number or an image; VectorAssembler, StringIndexer and OneHotEncoder make one " +
            "from other columns"
        )
      case Some(rank) if rank > 1 && !placeholder.shape.exists(_.size == rank + 1) =>
        val takes = placeholder.shape.fold("has no known shape")(s => s"takes ${plural(s.size - 1)} a row")
        throw new IllegalArgumentException(
          s"$columnParam is '$column', whose rows have ${plural(rank)}, but $tensorParam '$tensor' $takes (its shape is " +
            s"${placeholder.shapeText}): give the placeholder a shape of ${rank + 1} dimensions, or make one array of a row with flatten(…)"
        )
      case _ =>
    }
    checkSize(field, fed, placeholder)
  }

  /** Refuses a column of which is known that its rows have another size than those of the placeholder. */
  private[job] def checkSize(field: StructField, fed: Fed, placeholder: TensorInfo): Unit = {
    import fed._
    for (width <- knownSize(field); size <- placeholder.rowSize if width != size)
      throw new IllegalArgumentException(
        s"column '$column' ($columnParam) has $width value(s) a row, but $tensorParam '$tensor' takes $size " +
          s"(its shape is ${placeholder.shapeText}): ${if (role == "label" && width == 1) oneHot else ""}change the column, or the " +
          "placeholder's shape (of a Keras model, the layer's or the Input's)"
      )
  }

  private val oneHot =
    "if it is the number of a class, make a vector of it with OneHotEncoder (dropLast false), or take a sparse loss; else "

  /** Dimensions of a row; None if it can't be packed. */
  private def rank(dataType: DataType): Option[Int] = dataType match {
    case _: NumericType | BooleanType               => Some(0)
    case ArrayType(element: ArrayType, _)           => rank(element).map(_ + 1)
    case ArrayType(_: NumericType | BooleanType, _) => Some(1)
    case t if t == SQLDataTypes.VectorType          => Some(1)
    case t if ImageRow.is(t)                        => Some(3)
    case _                                          => None
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

  private[job] def nullMessage(name: String): String =
    s"column '$name' has a null: SparkFlow does not guess a value; drop such rows with " +
      s"df.dropna(subset=['$name']), in Scala df.na.drop(Seq(\"$name\")), or fill them (Imputer, fillna)"

  /** Of arrays with so many `levels`. */
  private[job] def nullWithinMessage(name: String, levels: Int): String = {
    val nulls = (1 to levels).foldLeft("") { (within, level) =>
      if (level == 1) "v -> v is null" else s"a$level -> a$level is null or exists(a$level, $within)"
    }
    s"column '$name' has a row with a null in its array: SparkFlow does not guess a value; drop such rows with " +
      s"df.filter(\"not exists(`$name`, $nulls)\"), or fill them with transform(…)"
  }

  /** Numbers in a row of this column where its ML attributes tell (VectorAssembler and OneHotEncoder set them). */
  def knownSize(field: StructField): Option[Long] = field.dataType match {
    case t if t == SQLDataTypes.VectorType =>
      Some(AttributeGroup.fromStructField(field).size.toLong).filter(_ >= 0)
    case other => rank(other).filter(_ == 0).map(_ => 1L)
  }

  /** The packed column. A null row, a null element of an array, a value that the placeholder's type does not hold and a row
    * of the wrong shape fail the job with a message that names the column.
    */
  private[job] def apply(
      column: Column,
      dataType: DataType,
      fed: Fed,
      to: TensorInfo,
      dtype: Numbers
  ): Column = {
    val element = travelling(innermost(dataType), dtype)
    val cast =
      if (dataType == SQLDataTypes.VectorType || ImageRow.is(dataType)) column
      else RowFunction.cast(column, dataType, withElement(dataType, element))
    RowFunction.column(cast, BinaryType, Pack(dataType, element, fed, to, dtype))
  }

  /** @param dataType of the values, but for their `element` */
  private final case class Pack(
      dataType: DataType,
      element: DataType,
      fed: Fed,
      to: TensorInfo,
      dtype: Numbers,
      lends: Boolean = false
  ) extends RowFunction.Body {
    private val row = new PackedRow(dtype, element, refusal(fed, to, dtype), lends)
    private val shape = new RowShape(fed, to)

    override def lending: RowFunction.Body = copy(lends = true)

    override def apply(value: Any): Array[Byte] = {
      if (value == null) throw Functions.raised(nullMessage(fed.column))
      val bytes = pack(value)
      if (bytes == null) throw Functions.raised(nullWithinMessage(fed.column, rank(dataType).get))
      shape.checkSize(bytes.length / dtype.bytes)
      bytes
    }

    private val pack: Any => Array[Byte] = rank(dataType).get match {
      case _ if dataType == SQLDataTypes.VectorType => v => row.ofVector(v.asInstanceOf[InternalRow])
      case _ if ImageRow.is(dataType) =>
        v => {
          val data = ImageRow.bytes(v.asInstanceOf[InternalRow], shape)
          if (data == null) throw Functions.raised(nullMessage(fed.column))
          row.ofBytes(data)
        }
      case 0 => v => row.ofArray(new GenericArrayData(Array(v)))
      case 1 => v => row.ofArray(v.asInstanceOf[ArrayData])
      case levels =>
        v => {
          val arrays = v.asInstanceOf[ArrayData]
          val found = PackedRow.shapeOf(arrays, levels)
          val bytes = row.ofArrays(arrays, found, shape.ragged)
          if (bytes != null) shape.check(found)
          bytes
        }
    }
  }

  private def innermost(dataType: DataType): DataType = dataType match {
    case ArrayType(element, _) => innermost(element)
    case other                 => other
  }

  /** What numbers of a column are before they are packed: of a type that loses none of them, if `dtype` keeps them. */
  private def travelling(element: DataType, dtype: Numbers): DataType = (dtype, element) match {
    case (_: Integers, d: DecimalType)                                              => d
    case (_: Integers, ByteType | ShortType | IntegerType | LongType | BooleanType) => LongType
    case (Float32, t) if t != DoubleType                                            => FloatType
    case _                                                                          => DoubleType
  }

  private def withElement(dataType: DataType, element: DataType): DataType = dataType match {
    case ArrayType(inner, containsNull) => ArrayType(withElement(inner, element), containsNull)
    case _                              => element
  }

  private[job] def refusal(fed: Fed, to: TensorInfo, dtype: Numbers): Any => Nothing = value => {
    import fed._
    throw Functions.raised(
      s"column '$column' ($columnParam) has the value $value, but $tensorParam '${to.name}' is of dtype ${dtype.name}, which " +
        "does not hold it: round or rescale the values, or make the placeholder tf.float32"
    )
  }

  /** The other way, for predictions: little-endian float64 to an ML vector. */
  def unpackVector(packed: Column): Column =
    RowFunction.column(packed, SQLDataTypes.VectorType, Unpack())

  private final case class Unpack() extends RowFunction.Body {
    override def apply(bytes: Any): InternalRow = PackedRow.toVector(bytes.asInstanceOf[Array[Byte]])
  }

  /** The values of what `unpackVector` gives, as an array of double. */
  def valuesOfVector(vector: Column): Column =
    RowFunction.column(vector, ArrayType(DoubleType, containsNull = false), Values())

  private final case class Values() extends RowFunction.Body {
    override def apply(vector: Any): ArrayData = vector.asInstanceOf[InternalRow].getArray(3)
  }
}
