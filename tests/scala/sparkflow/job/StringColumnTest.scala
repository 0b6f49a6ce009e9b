package sparkflow.job

import org.apache.spark.sql.Row
import org.apache.spark.sql.types._
import org.scalatest.funsuite.AnyFunSuite

import sparkflow.ml.LocalSpark

class StringColumnTest extends AnyFunSuite {

  private val schema = new StructType().add("text", StringType).add("number", DoubleType)
  private def texts(shape: Seq[Long]) = TensorInfo("x:0", "Placeholder", Some("DT_STRING"), Some(shape))

  private def fed(column: String) = Fed("features", "inputCol", column, "tfInput", "x:0")

  private def refused(column: String, shape: Seq[Long] = Seq(-1, 1)): String =
    intercept[IllegalArgumentException](StringColumn.check(schema, fed(column), texts(shape))).getMessage

  test("a column of strings feeds one string a row") {
    for (shape <- Seq(Seq(-1L), Seq(-1L, 1L), Seq(-1L, -1L)))
      StringColumn.check(schema, fed("text"), texts(shape))
  }

  test("any other column, a missing one and several strings a row are refused") {
    assert(
      refused("number").startsWith("inputCol is 'number', a column of type double, but tfInput 'x:0' takes")
    )
    assert(refused("texts").contains("no column 'texts' (did you mean 'text'"))
    assert(refused("text", Seq(-1, 3)).startsWith("tfInput 'x:0' takes 3 strings a row"))
  }

  test("strings go as they are, and a null is told by its column") {
    def column(values: String*) = {
      val rows = java.util.Arrays.asList(values.map(Row(_)): _*)
      val data = LocalSpark.session.createDataFrame(rows, new StructType().add("text", StringType))
      data.select(StringColumn(data.col("text"), "text")).collect().toSeq.map(_.getString(0))
    }
    assert(column("dög", "") == Seq("dög", ""))
    val error = intercept[Exception](column("a", null))
    assert(error.getMessage.contains("column 'text' has a null"))
  }
}
