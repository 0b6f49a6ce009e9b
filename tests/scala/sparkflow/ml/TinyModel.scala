package sparkflow.ml

import java.nio.{ByteBuffer, ByteOrder}
import java.nio.charset.StandardCharsets.UTF_8
import java.nio.file.{Files, Path}

import sparkflow.job.TrainRequest
import sparkflow.ps.store.{Layout, ModelState, StateVariable, Variable}

/** The model of tests/fixtures/saved-model-v1: 2 inputs, 3 hidden units, 1 output, and two variables that are not
  * trained.
  */
object TinyModel {
  val golden: Path = Path.of("tests/fixtures/saved-model-v1")

  val graph: String = new String(Files.readAllBytes(golden.resolve("data/graph.json")), UTF_8)

  val layout: Layout = Layout(
    Seq(
      Variable("dense/kernel", Seq(2, 3)),
      Variable("dense/bias", Seq(3)),
      Variable("out/kernel", Seq(3, 1))
    ),
    Seq(StateVariable("moving_mean", Seq(3), "float32"), StateVariable("rows_seen", Nil, "int64"))
  )

  /** What an estimator with these settings asks for. */
  def request(set: SparkAsyncDL => SparkAsyncDL): TrainRequest = set(new SparkAsyncDL).trainRequest

  def weights: Array[Float] =
    Array(0.5f, -1.25f, 2f, 3.5f, -0.125f, 0.001f, 0f, 1f, -1f, 1.5f, -2.5f, 0.75f)

  def state: Array[Byte] = ByteBuffer
    .allocate(20)
    .order(ByteOrder.LITTLE_ENDIAN)
    .putFloat(0.1f)
    .putFloat(0.2f)
    .putFloat(0.3f)
    .putLong(1234567890123L)
    .array

  def modelState: ModelState = ModelState(layout, weights, state)

  def model(seed: Option[Long] = Some(42)): SparkAsyncDLModel =
    new SparkAsyncDLModel("tiny", graph, modelState, seed)
      .setInputCol("features")
      .setTfOutput("out:0")

  def estimator: SparkAsyncDL = new SparkAsyncDL("tiny_estimator")
    .setInputCol("features")
    .setLabelCol("label")
    .setTensorflowGraph(graph)
    .setTfLabel("y:0")
    .setTfOutput("out:0")
    .setTfOptimizer("gradient_descent")
}
