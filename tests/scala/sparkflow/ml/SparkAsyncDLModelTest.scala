package sparkflow.ml

import org.apache.spark.ml.param.ParamMap
import org.scalatest.funsuite.AnyFunSuite

class SparkAsyncDLModelTest extends AnyFunSuite {

  test("weights are found by name, with their shapes") {
    val model = TinyModel.model()
    assert(model.weightNames.toSeq == Seq("dense/kernel", "dense/bias", "out/kernel"))
    assert(model.weightShape("dense/kernel").toSeq == Seq(2, 3))
    assert(model.weight("dense/kernel").toSeq == TinyModel.weights.toSeq.take(6))
    assert(model.weight("dense/bias").toSeq == Seq(0f, 1f, -1f))
    assert(model.weight("out/kernel").toSeq == Seq(1.5f, -2.5f, 0.75f))
  }

  test("an unknown variable is refused with the name that was probably meant") {
    val message = intercept[IllegalArgumentException](TinyModel.model().weight("dense/kernl")).getMessage
    assert(
      message.startsWith("the model has no trainable variable 'dense/kernl' (did you mean 'dense/kernel'")
    )
  }

  test("what is handed out does not reach into the model") {
    val model = TinyModel.model()
    model.weight("dense/bias")(0) = 9f
    model.stateBytes(0) = 9
    model.weightsBytes(0) = 9
    assert(model.state.weights.sameElements(TinyModel.weights))
    assert(model.state.state.sameElements(TinyModel.state))
  }

  test("fromBytes makes the same model of what the accessors give") {
    val model = TinyModel.model()
    val back =
      SparkAsyncDLModel.fromBytes(
        "other",
        model.graph,
        model.layoutJson,
        model.weightsBytes,
        model.stateBytes
      )
    assert(back.uid == "other" && back.graph == model.graph)
    assert(back.state.layout == model.state.layout)
    assert(back.state.weights.sameElements(model.state.weights))
    assert(back.state.state.sameElements(model.state.state))
    assert(back.trainingSeed.isEmpty)
  }

  test("a part of the weights can be read") {
    val model = TinyModel.model()
    assert(model.weightsBytes(6, 3).sameElements(model.weightsBytes.slice(24, 36)))
  }

  test("fromBytes refuses lengths that disagree with the layout") {
    def made(weights: Array[Byte], state: Array[Byte]) =
      SparkAsyncDLModel.fromBytes("m", TinyModel.graph, TinyModel.layout.toJson, weights, state)
    val model = TinyModel.model()
    val weights = intercept[IllegalArgumentException](made(model.weightsBytes.dropRight(1), model.stateBytes))
    assert(weights.getMessage.startsWith("weights has 47 bytes, but the layout takes 48: "))
    val state = intercept[IllegalArgumentException](made(model.weightsBytes, Array.empty))
    assert(state.getMessage.startsWith("state has 0 bytes, but the layout takes 20: "))
  }

  test("copy takes extra params, keeps the rest and shares the arrays") {
    val model = TinyModel.model()
    val estimator = TinyModel.estimator
    model.setParent(estimator)
    val copy = model.copy(ParamMap(model.predictionCol -> "other"))
    assert(copy.getPredictionCol == "other" && model.getPredictionCol == "predicted")
    assert(copy.getInputCol == "features" && copy.uid == model.uid)
    assert(copy.state eq model.state)
    assert(copy.trainingSeed.contains(42L))
    assert(copy.parent eq estimator)
  }

  test("the model has only the params of prediction") {
    val names = TinyModel.model().params.map(_.name).toSet
    assert(
      names == Set(
        "inputCol",
        "inputCols",
        "predictionCol",
        "tfInput",
        "tfInputs",
        "outputCols",
        "tfOutputs",
        "tfOutput",
        "tfDropout",
        "toKeepDropout",
        "inferenceBatchSize",
        "rawPredictionCol",
        "probabilityCol",
        "thresholds",
        "fromLogits"
      )
    )
  }
}
