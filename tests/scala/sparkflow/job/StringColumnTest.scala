package sparkflow.job

import java.nio.charset.StandardCharsets.UTF_8

import org.apache.spark.sql.Row
import org.apache.spark.sql.types._
import org.scalatest.funsuite.AnyFunSuite

import sparkflow.ml.LocalSpark

class StringColumnTest extends AnyFunSuite {

  private val fed = Fed("features", "inputCol", "c", "tfInput", "x:0")
  private val (one, several) = (Seq(-1L), Seq(-1L, 2L))

  private def check(dataType: DataType, shape: Seq[Long]): Unit =
    StringColumn.check(
      StructField("c", dataType),
      fed,
      TensorInfo("x:0", "Placeholder", Some("DT_STRING"), Some(shape))
    )

  private def refused(dataType: DataType, shape: Seq[Long]): String =
    intercept[IllegalArgumentException](check(dataType, shape)).getMessage

  test("strings and binary values feed one string a row, arrays as many as they have") {
    for (dataType <- Seq(StringType, BinaryType); shape <- Seq(one, Seq(-1L, 1L), Seq(-1L, -1L)))
      check(dataType, shape)
    for (dataType <- Seq(StringType, BinaryType); shape <- Seq(one, several, Seq(-1L, -1L)))
      check(ArrayType(dataType), shape)
  }

  test("any other column, and one string for several, are refused") {
    assert(
      refused(DoubleType, one).startsWith("inputCol is 'c', a column of type double, but tfInput 'x:0' takes")
    )
    assert(refused(ArrayType(ArrayType(StringType)), several).contains("takes strings"))
    assert(refused(StringType, several).startsWith("tfInput 'x:0' takes 2 strings a row, but column 'c'"))
  }

  private def sent(dataType: DataType, values: Any*): Seq[Any] = {
    val rows = java.util.Arrays.asList(values.map(Row(_)): _*)
    val data = LocalSpark.session.createDataFrame(rows, new StructType().add("c", dataType))
    data.select(StringColumn(data.col("c"), dataType, fed)).collect().toSeq.map(_.get(0))
  }

  private def text(value: Any): String = new String(value.asInstanceOf[Array[Byte]], UTF_8)

  test("they go as bytes, and a null is told by its column") {
    assert(sent(StringType, "dög", "").map(text) == Seq("dög", ""))
    assert(
      sent(BinaryType, Array[Byte](0, -1)).map(_.asInstanceOf[Array[Byte]].toSeq) == Seq(Seq[Byte](0, -1))
    )
    val arrays =
      sent(ArrayType(StringType), Seq("a", "bc"), Seq()).map(_.asInstanceOf[scala.collection.Seq[Any]])
    assert(arrays.map(_.map(text)) == Seq(Seq("a", "bc"), Seq()))
    for (
      (dataType, value) <- Seq(
        (StringType, null),
        (ArrayType(StringType), null)
      )
    )
      assert(intercept[Exception](sent(dataType, value)).getMessage.contains("column 'c' has a null"))
    val within = intercept[Exception](sent(ArrayType(StringType), Seq(null))).getMessage
    assert(within.contains("column 'c' has a row with a null in its array"))
  }
}
