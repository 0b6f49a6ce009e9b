package sparkflow.ml

import org.scalatest.BeforeAndAfterAll
import org.scalatest.funsuite.AnyFunSuite

/** A model that SparkFlow 1.0.0 saved must load for ever: never write its files anew. */
class GoldenModelTest extends AnyFunSuite with BeforeAndAfterAll {

  override def beforeAll(): Unit = { LocalSpark.session; () }

  test("saved model, format 1") {
    val model = SparkAsyncDLModel.load(TinyModel.golden.toString)
    assert(model.uid == "tiny")
    assert(model.trainingSeed.contains(42L))
    assert(model.state.layout == TinyModel.layout)
    assert(model.state.weights.sameElements(TinyModel.weights))
    assert(model.state.state.sameElements(TinyModel.state))
    assert(model.graph == TinyModel.graph)
    assert(model.getInputCol == "features" && model.getPredictionCol == "score")
    assert(model.getTfInput == "x:0" && model.getTfOutput == "out:0")
    assert(model.getTfDropout == "keep:0" && model.getToKeepDropout)
  }
}
