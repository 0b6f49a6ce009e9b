package sparkflow.job

import java.nio.{ByteBuffer, ByteOrder}

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

  private def packed(data: DataFrame): Seq[Seq[Float]] =
    data
      .select(PackedColumn(data.col("c"), data.schema("c").dataType, "c"))
      .collect()
      .toSeq
      .map { row =>
        val floats = ByteBuffer.wrap(row.getAs[Array[Byte]](0)).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer()
        Seq.fill(floats.remaining())(floats.get())
      }

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
      for (
        data <- Seq(
          frame(SQLDataTypes.VectorType, Vectors.dense(1), null),
          frame(DoubleType, 1.0, null),
          frame(ArrayType(DoubleType), Seq(1.0), null),
          frame(ArrayType(DoubleType), Seq[Any](1.0, null)),
          frame(ArrayType(IntegerType), Seq[Any](null, 1))
        )
      ) {
        val found = FailureMessage.of(intercept[Exception](packed(data)))
        assert(found.startsWith("column 'c' has a null: SparkFlow does not guess a value; drop such rows"))
      }
    }
  }
}
