package sparkflow.ml

import org.apache.spark.ml.linalg.SQLDataTypes.VectorType
import org.apache.spark.ml.param.ParamMap
import org.apache.spark.sql.types._
import org.scalatest.funsuite.AnyFunSuite

class SchemaTest extends AnyFunSuite {

  private val schema = new StructType()
    .add("id", LongType)
    .add("features", VectorType)
    .add("label", DoubleType)

  private def refused(stage: SparkAsyncDL, schema: StructType = schema): String =
    intercept[IllegalArgumentException](stage.transformSchema(schema)).getMessage

  private def withoutInput: SparkAsyncDL = {
    val stage = TinyModel.estimator
    stage.clear(stage.inputCol)
    stage
  }

  test("one value a row gives a double column after all others") {
    val expected = schema.add("predicted", DoubleType)
    assert(TinyModel.model().transformSchema(schema) == expected)
    assert(TinyModel.estimator.transformSchema(schema) == expected)
  }

  test("more values a row give a vector column") {
    val expected = schema.add("hidden_units", VectorType)
    val model = TinyModel.model().setTfOutput("hidden:0").setPredictionCol("hidden_units")
    assert(model.transformSchema(schema) == expected)
    val estimator = TinyModel.estimator.setTfOutput("hidden:0").setPredictionCol("hidden_units")
    assert(estimator.transformSchema(schema) == expected)
  }

  test("a classifier adds the columns that are named, and the number of the class") {
    val expected =
      schema.add("raw", VectorType).add("probability", VectorType).add("predicted", DoubleType)
    val model = TinyModel.model().setTfOutput("hidden:0").setProbabilityCol("probability")
    assert(model.setRawPredictionCol("raw").transformSchema(schema) == expected)
    val estimator = TinyModel.estimator.setTfOutput("hidden:0").setThresholds(Array(0.2, 0.3, 0.5))
    assert(estimator.transformSchema(schema) == schema.add("predicted", DoubleType))
    val two = refused(estimator.setThresholds(Array(0.2, 0.8)))
    assert(two.startsWith("thresholds has 2 values, but tfOutput tells of 3 classes"))
  }

  test("a classifier's columns are refused where one of the name is there") {
    def classifier = TinyModel.estimator.setProbabilityCol("p")
    assert(refused(classifier.setProbabilityCol("label")).startsWith("probabilityCol is 'label', but"))
    assert(
      refused(classifier.setProbabilityCol("Label"))
        .startsWith("probabilityCol is 'Label', but there is already a column 'label'")
    )
    assert(refused(classifier.setPredictionCol("P")).startsWith("probabilityCol and predictionCol name 'p'"))
    assert(
      refused(classifier.setRawPredictionCol("p"))
        .startsWith("rawPredictionCol and probabilityCol name 'p' 2 times")
    )
    assert(
      refused(classifier.setPredictionCol("p"))
        .startsWith("probabilityCol and predictionCol name 'p' 2 times")
    )
  }

  test("thresholds are numbers that probabilities can be divided by") {
    for (bad <- Seq(Array(0.5), Array(0.0, 0.0), Array(-1.0, 2.0), Array(Double.NaN, 1.0)))
      assert(
        intercept[IllegalArgumentException](TinyModel.estimator.setThresholds(bad)).getMessage
          .contains("expected two numbers or more, each 0 or more and at most one of them 0")
      )
  }

  test("several outputs go to a column each") {
    val several = TinyModel.model()
    several.clear(several.tfOutput)
    several.setOutputCols(Array("y", "units")).setTfOutputs(Array("out:0", "hidden:0"))
    assert(several.transformSchema(schema) == schema.add("y", DoubleType).add("units", VectorType))
    def said(change: SparkAsyncDLModel => Any) = {
      val changed = several.copy(ParamMap.empty)
      change(changed)
      intercept[IllegalArgumentException](changed.transformSchema(schema)).getMessage
    }
    assert(
      said(_.setPredictionCol("p")).startsWith("outputCols is 'y', 'units', but predictionCol is 'p': use")
    )
    assert(
      said(_.setTfOutput("out:0")).startsWith("outputCols is 'y', 'units', but tfOutput is 'out:0': use")
    )
    assert(said(_.setOutputCols(Array("y"))).startsWith("outputCols has 1 ('y'), but tfOutputs has 2"))
    assert(said(_.setOutputCols(Array("y", "y"))).startsWith("outputCols name 'y' 2 times"))
    assert(said(_.setTfOutputs(Array("hidden:0", "no:0"))).startsWith("tfOutputs is 'no:0', but the graph"))
    assert(said(_.setProbabilityCol("p")).startsWith("outputCols is set, and outputs go there as they are"))
    assert(said(m => m.clear(m.tfOutputs)).contains("tfOutputs is not set: name in it, in the same order"))
  }

  test("the model follows a change of its params") {
    val model = TinyModel.model()
    assert(model.transformSchema(schema).last.dataType == DoubleType)
    assert(model.setTfOutput("hidden:0").transformSchema(schema).last.dataType == VectorType)
  }

  test("a prediction column that is there already is refused, not replaced") {
    for (stage <- Seq(TinyModel.model().setPredictionCol("id"), TinyModel.estimator.setPredictionCol("id"))) {
      val message = intercept[IllegalArgumentException](stage.transformSchema(schema)).getMessage
      assert(message.startsWith("predictionCol is 'id', but there is already a column 'id': "))
    }
  }

  test("a missing column is refused before training and before prediction") {
    assert(refused(TinyModel.estimator.setInputCol("feature")).contains("'feature'"))
    assert(refused(TinyModel.estimator.setLabelCol("lable")).contains("'lable'"))
    val message = intercept[IllegalArgumentException] {
      TinyModel.model().setInputCol("feature").transformSchema(schema)
    }.getMessage
    assert(message.contains("'feature'"))
  }

  test("a column of the wrong type is refused") {
    val texts = new StructType().add("features", StringType).add("label", DoubleType)
    assert(refused(TinyModel.estimator, texts).contains("features"))
  }

  test("rows are held out by a boolean column, or by a fraction") {
    def held = TinyModel.estimator.setValidationIndicatorCol("held")
    assert(refused(held).startsWith("validationIndicatorCol is 'held', but the DataFrame has no column"))
    assert(refused(held, schema.add("held", IntegerType)).contains("of type int: expected a boolean"))
    val flagged = schema.add("held", BooleanType)
    assert(held.transformSchema(flagged).length == 5)
    assert(refused(held.setValidationFraction(0.1), flagged).contains("validationFraction is 0.1, but"))
  }

  test("sample weights need a column of one number and the placeholder that it feeds") {
    val weighted = schema.add("weight", DoubleType)
    val column = TinyModel.estimator.setSampleWeightCol("weight")
    assert(refused(column, weighted).startsWith("sampleWeightCol is 'weight' but tfSampleWeight is not set"))
    assert(refused(TinyModel.estimator.setTfSampleWeight("y:0")).contains("sampleWeightCol is not set"))
    assert(refused(column.setTfSampleWeight("x:0"), weighted).contains("takes 2"))
    column.setTfSampleWeight("y:0")
    assert(refused(column, weighted).startsWith("columns 'label' (labelCol) and 'weight' (sampleWeightCol)"))
    column.clear(column.labelCol).clear(column.tfLabel)
    assert(column.transformSchema(weighted).length == 5)
  }

  test("several columns feed the placeholders at their places") {
    val stage = withoutInput.setInputCols(Array("features", "label")).setTfInputs(Array("x:0", "y:0"))
    assert(refused(stage).startsWith("columns 'label' (inputCols) and 'label' (labelCol) feed the same"))
    stage.setInputCols(Array("label", "features"))
    assert(
      refused(stage).startsWith("column 'label' (inputCols) has 1 value(s) a row, but tfInputs 'x:0' takes 2")
    )
    stage.setInputCols(Array("features", "label"))
    assert(refused(stage.setTfInputs(Array("x:0", "yy:0"))).contains("tfInputs is 'yy:0'"))
  }

  test("several columns and one, or columns without placeholders, are refused with both params") {
    def refusedInputs(set: SparkAsyncDL => SparkAsyncDL) =
      refused(set(withoutInput))
    val three = Array("a", "b", "c")
    for (
      (message, expected) <- Seq(
        refused(
          TinyModel.estimator.setInputCols(three)
        ) -> "inputCols is 'a', 'b', 'c', but inputCol is 'features'",
        refused(
          TinyModel.estimator.setTfLabels(three)
        ) -> "tfLabels is 'a', 'b', 'c', but labelCol is 'label'",
        refusedInputs(_.setInputCols(three)) -> "inputCols is 'a', 'b', 'c', but tfInputs is not set",
        refusedInputs(_.setTfInputs(three)) -> "tfInputs is 'a', 'b', 'c', but inputCols is not set",
        refusedInputs(_.setInputCols(three).setTfInputs(Array("x:0", "y:0"))) -> "inputCols has 3"
      )
    ) assert(message.startsWith(expected))
    val model = TinyModel.model().setTfInputs(Array("x:0"))
    val message = intercept[IllegalArgumentException](model.transformSchema(schema)).getMessage
    assert(message.startsWith("tfInputs is 'x:0', but inputCol is 'features'"))
  }

  test("tensor names that the graph has not are refused before training, the output's too") {
    assert(refused(TinyModel.estimator.setTfInput("xx:0")).startsWith("tfInput is 'xx:0'"))
    assert(refused(TinyModel.estimator.setTfLabel("yy:0")).startsWith("tfLabel is 'yy:0'"))
    assert(refused(TinyModel.estimator.setTfOutput("outt:0")).startsWith("tfOutput is 'outt:0'"))
    assert(refused(TinyModel.estimator.setTfDropout("kepe:0")).startsWith("tfDropout is 'kepe:0'"))
  }

  test("an estimator without a graph is told how to make one") {
    assert(refused(new SparkAsyncDL().setInputCol("features")).startsWith("tensorflowGraph is empty"))
  }

  test("an estimator with contradicting modes is refused") {
    assert(
      refused(TinyModel.estimator.setMode("hogwild").setAcquireLock(true)).startsWith("mode is 'hogwild' but")
    )
  }
}
