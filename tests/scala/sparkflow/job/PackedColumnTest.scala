package sparkflow.job

import java.nio.{ByteBuffer, ByteOrder}

import org.apache.spark.ml.image.ImageSchema
import org.apache.spark.ml.linalg.{SQLDataTypes, Vectors}
import org.apache.spark.sql.{DataFrame, Row}
import org.apache.spark.sql.types._
import org.scalatest.funsuite.AnyFunSuite

import sparkflow.ml.LocalSpark

class PackedColumnTest extends AnyFunSuite {

  private def frame(dataType: DataType, values: Any*): DataFrame =
    LocalSpark.session.createDataFrame(
      java.util.Arrays.asList(values.map(Row(_)): _*),
      new StructType().add("c", dataType)
    )

  private val fed = Fed("features", "inputCol", "c", "tfInput", "x:0")

  private def placeholder(dtype: String, shape: Long*) =
    TensorInfo("x:0", "Placeholder", Some(dtype), Some(-1L +: shape))

  private def bytes(data: DataFrame, to: TensorInfo): Seq[ByteBuffer] = {
    val dtype = Dtype.of("tfInput", to).asInstanceOf[Dtype.Numbers]
    data
      .select(PackedColumn(data.col("c"), data.schema("c").dataType, fed, to, dtype))
      .collect()
      .toSeq
      .map(row => ByteBuffer.wrap(row.getAs[Array[Byte]](0)).order(ByteOrder.LITTLE_ENDIAN))
  }

  /** @param shape of a row; with none, one of any number of values */
  private def packed(data: DataFrame, shape: Long*): Seq[Seq[Float]] =
    bytes(data, placeholder("DT_FLOAT", (if (shape.isEmpty) Seq(-1L) else shape): _*)).map { b =>
      Seq.fill(b.remaining() / 4)(b.getFloat())
    }

  private def failure(body: => Any): String = FailureMessage.of(intercept[Exception](body))

  // Compiled, and as Spark does it where the compiler fails.
  for (mode <- Seq("CODEGEN_ONLY", "NO_CODEGEN")) {
    def check(name: String)(body: => Unit): Unit = test(s"$name ($mode)") {
      val conf = LocalSpark.session.conf
      conf.set("spark.sql.codegen.factoryMode", mode)
      conf.set("spark.sql.codegen.wholeStage", (mode == "CODEGEN_ONLY").toString)
      try body
      finally Seq("factoryMode", "wholeStage").foreach(key => conf.unset(s"spark.sql.codegen.$key"))
    }

    check("dense and sparse vectors, one after the other") {
      val vectors = Seq(
        Vectors.dense(1.5, -2, 0),
        Vectors.sparse(3, Array(2), Array(4.25)),
        Vectors.sparse(3, Array.empty[Int], Array.empty[Double]),
        Vectors.dense(Array.empty[Double])
      )
      val expected = vectors.map(_.toArray.toSeq.map(_.toFloat))
      assert(packed(frame(SQLDataTypes.VectorType, vectors: _*)) == expected)
      assert(packed(frame(SQLDataTypes.VectorType, vectors: _*).cache()) == expected)
    }

    check("arrays and plain numbers of each type") {
      assert(packed(frame(ArrayType(DoubleType), Seq(1.5, -2.0), Seq(3.0))) == Seq(Seq(1.5f, -2f), Seq(3f)))
      assert(packed(frame(ArrayType(FloatType, containsNull = false), Seq(1.5f, 2f))) == Seq(Seq(1.5f, 2f)))
      assert(packed(frame(ArrayType(IntegerType), Seq(7, -8))) == Seq(Seq(7f, -8f)))
      assert(
        packed(frame(ArrayType(LongType, containsNull = false), Seq(1L << 40))) == Seq(
          Seq((1L << 40).toFloat)
        )
      )
      assert(packed(frame(IntegerType, 3, -4)) == Seq(Seq(3f), Seq(-4f)))
      assert(packed(frame(DoubleType, 0.5)) == Seq(Seq(0.5f)))
      assert(packed(frame(BooleanType, true, false)) == Seq(Seq(1f), Seq(0f)))
    }

    check("NaN and infinity stay what they are") {
      val values = Seq(Double.NaN, Double.PositiveInfinity, 1e300)
      val found = packed(frame(SQLDataTypes.VectorType, Vectors.dense(values.toArray))).head
      assert(found.head.isNaN && found.tail == Seq.fill(2)(Float.PositiveInfinity))
      assert(packed(frame(ArrayType(DoubleType), values)).head.head.isNaN)
    }

    check("a null, and a null element, fail with the column and the remedy") {
      val noBytes = frame(ImageSchema.columnSchema, Row("a.png", 1, 2, 3, 16, null))
      assert(failure(packed(noBytes, 1, 2, 3)).startsWith("column 'c' has a null: "))
      val remedy = """df.filter\("(.*)"\)""".r
      val nested = ArrayType(ArrayType(IntegerType))
      for (
        data <- Seq(
          frame(ArrayType(DoubleType), Seq[Any](1.0, 2.0), Seq[Any](1.0, null)),
          frame(ArrayType(IntegerType), Seq[Any](1, 2), Seq[Any](null, 1)),
          frame(nested, Seq(Seq(1), Seq(2)), Seq(Seq(1), null)),
          frame(nested, Seq(Seq(1), Seq(2)), Seq[Seq[Any]](Seq(1), Seq(null)))
        )
      ) {
        val dimensions = if (data.schema.head.dataType == nested) Seq(2, 1) else Seq(2)
        val message = failure(packed(data, dimensions.map(_.toLong): _*))
        assert(message.startsWith("column 'c' has a row with a null in its array: SparkFlow does not guess"))
        val filter = remedy.findFirstMatchIn(message).get.group(1)
        assert(packed(data.filter(filter), dimensions.map(_.toLong): _*) == Seq(Seq(1f, 2f)))
      }
      for (
        data <- Seq(
          frame(SQLDataTypes.VectorType, Vectors.dense(1), null),
          frame(DoubleType, 1.0, null),
          frame(ArrayType(DoubleType), Seq(1.0), null)
        )
      )
        assert(
          failure(packed(data))
            .startsWith("column 'c' has a null: SparkFlow does not guess a value; drop such rows")
        )
    }

    check("whole numbers and doubles reach placeholders of their types exactly") {
      val id = (1L << 40) + 1
      def longs(data: DataFrame) = bytes(data, placeholder("DT_INT64", 1)).map(_.getLong())
      assert(longs(frame(LongType, id, Long.MinValue)) == Seq(id, Long.MinValue))
      assert(longs(frame(ArrayType(LongType), Seq(id), Seq(Long.MaxValue))) == Seq(id, Long.MaxValue))
      assert(longs(frame(SQLDataTypes.VectorType, Vectors.dense(id.toDouble))) == Seq(id))
      assert(longs(frame(SQLDataTypes.VectorType, Vectors.sparse(1, Array(0), Array(-3.0)))) == Seq(-3L))
      assert(longs(frame(DecimalType(20, 1), new java.math.BigDecimal("7.0"))) == Seq(7L))
      assert(bytes(frame(ShortType, -2.toShort), placeholder("DT_INT32")).map(_.getInt()) == Seq(-2))
      assert(bytes(frame(FloatType, 300f), placeholder("DT_UINT16")).map(_.getShort()) == Seq(300.toShort))
      assert(bytes(frame(IntegerType, 255), placeholder("DT_UINT8")).map(_.get()) == Seq(-1.toByte))
      val doubles = bytes(frame(ArrayType(DoubleType), Seq(0.1, 1e300)), placeholder("DT_DOUBLE", 2)).head
      assert(Seq(doubles.getDouble(), doubles.getDouble()) == Seq(0.1, 1e300))
      val flags = frame(ArrayType(BooleanType), Seq(true, false))
      assert(bytes(flags, placeholder("DT_BOOL", 2)).head.array().toSeq == Seq[Byte](1, 0))
    }

    check("a value that the placeholder's type does not hold fails with both") {
      for (
        (data, dtype, value) <- Seq(
          (frame(DoubleType, 1.5), "DT_INT64", "1.5"),
          (frame(DoubleType, Double.NaN), "DT_INT32", "NaN"),
          (frame(DoubleType, 9.3e18), "DT_INT64", "9.3E18"),
          (frame(FloatType, Float.NegativeInfinity), "DT_INT64", "-Infinity"),
          (frame(LongType, 1L << 31), "DT_INT32", "2147483648"),
          (frame(IntegerType, -1), "DT_UINT8", "-1"),
          (frame(IntegerType, 2), "DT_BOOL", "2"),
          (frame(DecimalType(20, 1), new java.math.BigDecimal("7.5")), "DT_INT64", "7.5")
        )
      )
        assert(
          failure(bytes(data, placeholder(dtype))).startsWith(
            s"column 'c' (inputCol) has the value $value, but tfInput 'x:0' is of dtype " +
              s"${dtype.drop(3).toLowerCase}, which does not hold it: round or rescale"
          )
        )
    }

    check("rows of another size than the placeholder's, whatever its dimensions") {
      val array = ArrayType(DoubleType)
      assert(packed(frame(array, Seq(1.0, 2.0, 3.0, 4.0)), 2, 2) == Seq(Seq(1f, 2f, 3f, 4f)))
      assert(packed(frame(array, Seq(1.0, 2.0, 3.0)), -1, 2) == Seq(Seq(1f, 2f, 3f)), "that is the worker's")
      val message =
        "column 'c' (inputCol) has a row of 3 value(s), but tfInput 'x:0' takes rows of shape [2, 2]: make"
      assert(failure(packed(frame(array, Seq(1.0, 2.0, 3.0)), 2, 2)).startsWith(message))
      val vector = frame(SQLDataTypes.VectorType, Vectors.sparse(3, Seq(1 -> 1.0)))
      assert(failure(packed(vector, 2, 2)).startsWith(message))
    }

    check("arrays of arrays go in C order, of the placeholder's shape alone") {
      val nested = ArrayType(ArrayType(IntegerType))
      assert(packed(frame(nested, Seq(Seq(1, 2, 3), Seq(4, 5, 6))), 2, 3) == Seq(Seq(1f, 2f, 3f, 4f, 5f, 6f)))
      val deep = frame(ArrayType(ArrayType(ArrayType(DoubleType))), Seq(Seq(Seq(1.0), Seq(2.0))))
      assert(packed(deep, 1, 2, 1) == Seq(Seq(1f, 2f)))
      assert(packed(deep, 1, -1, 1) == Seq(Seq(1f, 2f)))
      assert(
        failure(packed(frame(nested, Seq(Seq(1, 2), Seq(3, 4), Seq(5, 6))), 2, 3)).startsWith(
          "column 'c' (inputCol) has a row of shape [3, 2], but tfInput 'x:0' takes rows of shape [2, 3]: make"
        )
      )
      for (row <- Seq(Seq(Seq(1, 2, 3), Seq(4, 5)), Seq(Seq(), Seq(1))))
        assert(failure(packed(frame(nested, row), 2, 3)).contains("has a ragged row, in which arrays"))
      for (row <- Seq(Seq(Seq(1, 2), null), Seq(null, Seq(1, 2)), Seq[Seq[Any]](Seq(1, null))))
        assert(failure(packed(frame(nested, row), 2, 2)).startsWith("column 'c' has a row with a null"))
    }

    check("an image is its bytes, of height, width and channels") {
      def image(height: Int, width: Int, data: Int*) =
        frame(ImageSchema.columnSchema, Row("a.png", height, width, 3, 16, data.map(_.toByte).toArray))
      val pixels = Seq(255, 0, 1, 128, 2, 3)
      assert(packed(image(1, 2, pixels: _*), 1, 2, 3) == Seq(pixels.map(_.toFloat)))
      assert(
        bytes(image(2, 1, pixels: _*), placeholder("DT_UINT8", -1, 1, 3)).head.array().toSeq ==
          pixels.map(_.toByte)
      )
      assert(
        failure(packed(image(2, 1, pixels: _*), 1, 2, 3))
          .contains("a row of shape [2, 1, 3], but tfInput 'x:0' takes rows of shape [1, 2, 3]")
      )
      assert(failure(packed(image(2, 2, pixels: _*), 2, 2, 3)).contains("expected one byte for each channel"))
      assert(failure(packed(image(-1, -1), 1, 2, 3)).contains("dropInvalid"))
    }
  }

  private def refused(dataType: DataType, to: TensorInfo): String =
    intercept[IllegalArgumentException](PackedColumn.check(StructField("c", dataType), fed, to)).getMessage

  test("what the schema tells is refused") {
    val nested = ArrayType(ArrayType(FloatType))
    val x = placeholder("DT_FLOAT", 28, 28)
    for (dataType <- Seq(nested, ArrayType(DoubleType), SQLDataTypes.VectorType))
      PackedColumn.check(StructField("c", dataType), fed, x)
    PackedColumn.check(StructField("c", ImageSchema.columnSchema), fed, placeholder("DT_UINT8", -1, 8, 3))
    assert(
      refused(nested, placeholder("DT_FLOAT", 784)).contains(
        "rows have 2 dimensions, but tfInput 'x:0' takes 1"
      )
    )
    assert(refused(ImageSchema.columnSchema, x).contains("rows have 3 dimensions, but tfInput 'x:0' takes 2"))
    assert(refused(nested, x.copy(shape = None)).contains("has no known shape"))
    assert(
      refused(BinaryType, x).startsWith("inputCol is 'c', a column of type binary: expected an ML vector")
    )
    assert(refused(ArrayType(ArrayType(StringType)), x).contains("expected an ML vector"))
    assert(refused(DoubleType, x).contains("has 1 value(s) a row, but tfInput 'x:0' takes 784"))
    assert(
      intercept[IllegalArgumentException](Dtype.of("tfInput", placeholder("DT_VARIANT"))).getMessage
        .contains("dtype variant: only numbers and strings")
    )
  }
}
