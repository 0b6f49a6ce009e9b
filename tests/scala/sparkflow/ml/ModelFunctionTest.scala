package sparkflow.ml

import org.apache.spark.ml.attribute.AttributeGroup
import org.apache.spark.ml.feature.VectorAssembler
import org.scalatest.funsuite.AnyFunSuite

class ModelFunctionTest extends AnyFunSuite {

  private def refused(body: => Unit): String = intercept[IllegalArgumentException](body).getMessage

  test("a name that SQL cannot call, or Spark's own, is refused") {
    def register(name: String): String = refused(TinyModel.model().register(LocalSpark.session, name))
    for (name <- Seq("", "my net", "1net", "net;drop", "a.b"))
      assert(register(name).startsWith(s"'$name' is no name of a SQL function"))
    assert(register("Abs").startsWith("'Abs' is a function of Spark's own"))
  }

  test("a tensor that is not in the graph is refused at once") {
    val model = TinyModel.model().setTfOutput("nowhere:0")
    assert(refused(model.register(LocalSpark.session, "net")).contains("no node 'nowhere'"))
  }

  test("a wrong argument is refused before a job") {
    val session = LocalSpark.session
    TinyModel.model().register(session, "net")
    def query(argument: String): String = refused { session.sql(s"select net($argument)"); () }
    assert(query("1, 2").startsWith("net takes one argument, the model's inputCol such as net(features)"))
    assert(query("").contains("but got 0"))
    assert(query("feature => 1").endsWith("but 'feature' is none of them"))
    assert(query("'text'").startsWith("inputCol is 'features', a column of type string"))
  }

  test(
    "the size that a column's attributes tell is held to the graph's, under whatever name the column has"
  ) {
    val session = LocalSpark.session
    TinyModel.model().register(session, "net")
    val one =
      new VectorAssembler().setInputCols(Array("id")).setOutputCol("one").transform(session.range(3).toDF())
    assert(AttributeGroup.fromStructField(one.schema("one")).size == 1)
    assert(refused {
      one.selectExpr("net(one)"); ()
    }.contains("has 1 value(s) a row, but tfInput 'x:0' takes 2"))
  }
}
