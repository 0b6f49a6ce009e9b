package sparkflow.job

import java.util.Base64

import org.scalatest.funsuite.AnyFunSuite

import sparkflow.ml.{SparkAsyncDL, TinyModel}

class MonitorTest extends AnyFunSuite {

  test("auto tells by the names of Keras' metrics") {
    val up = Seq(
      "accuracy",
      "acc",
      "binary_accuracy",
      "sparse_top_k_categorical_accuracy",
      "auc",
      "precision_1",
      "recall",
      "f1_score"
    ) ++
      Seq("mean_io_u", "r2_score", "cosine_similarity", "true_positives")
    val down = Seq(
      "loss",
      "mse",
      "mae",
      "mean_absolute_error",
      "root_mean_squared_error",
      "binary_crossentropy",
      "kl_divergence",
      "poisson",
      "hinge"
    )
    assert(up.filterNot(Monitor.rises(_, "auto")) === Nil)
    assert(down.filter(Monitor.rises(_, "auto")) === Nil)
  }

  test("the mode wins over the name, and is needed where that does not tell") {
    assert(
      Monitor.rises("loss", "max") && !Monitor.rises("accuracy", "min") && Monitor.rises("quality", "max")
    )
    assert(refusal(Monitor.rises("quality", "auto")).contains("set monitorMode to 'max' or 'min'"))
  }

  private def refusal(body: => Any): String = intercept[IllegalArgumentException](body).getMessage

  private val graph = GraphInfo.parse(TinyModel.graph)
  private def check(set: SparkAsyncDL => SparkAsyncDL): Unit = Monitor.check(graph, TinyModel.request(set))

  test("a monitor is one of the metrics, of rows that are held out") {
    check(s => s)
    check(_.setMonitor("accuracy").setTfMetrics("{\"accuracy\": \"out:0\"}").setValidationFraction(0.5))
    assert(
      refusal(
        check(
          _.setMonitor("acuracy").setTfMetrics("{\"accuracy\": \"out:0\"}").setValidationFraction(0.5)
        )
      )
        .matches(".*'acuracy' .did you mean 'accuracy'.*knows only loss, accuracy.*")
    )
    assert(refusal(check(_.setMonitor("accuracy"))).contains("knows only loss"))
    assert(
      refusal(check(_.setTfMetrics("{\"accuracy\": \"out:0\"}"))).contains("set validationFraction")
    )
    assert(refusal(check(_.setTfMetrics("{\"a\": \"nowhere:0\"}"))).contains("tfMetrics is 'nowhere:0'"))
  }

  test("a graph of a Keras model tells its own metrics") {
    val told = """{"loss": "l:0", "metrics": {"accuracy": ["a:0", "b:0"], "mae": ["c:0", "d:0"]}}"""
    val value = Base64.getEncoder.encodeToString(told.getBytes("UTF-8"))
    val keras = GraphInfo.parse(
      s"""{"graphDef": {"node": []}, "collectionDef": {"sparkflow_evaluation": {"bytesList": {"value": ["$value"]}}}}"""
    )
    assert(keras.metrics === Some(Seq("accuracy", "mae")) && graph.metrics === None)
    assert(
      refusal(Monitor.check(keras, TinyModel.request(_.setMonitor("accuracy"))))
        .contains("metrics are of rows that are held out")
    )
    Monitor.check(keras, TinyModel.request(_.setMonitor("mae").setValidationFraction(0.5)))
    assert(
      refusal(
        Monitor.check(keras, TinyModel.request(_.setTfMetrics("{\"a\": \"b:0\"}").setValidationFraction(0.5)))
      )
        .contains("give them to compile")
    )
  }
}
