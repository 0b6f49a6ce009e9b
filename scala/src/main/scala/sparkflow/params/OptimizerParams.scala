package sparkflow.params

import scala.util.control.NonFatal

import org.apache.spark.ml.param.{DoubleParam, Param, Params}
import org.json4s.JObject
import org.json4s.jackson.JsonMethods

/** The rule by which the parameter server turns gradients into new weights. */
trait OptimizerParams extends Params {

  final val tfOptimizer: Param[String] = new Param[String](
    this,
    "tfOptimizer",
    "Name of the optimizer: adam, rmsprop, momentum, adadelta, adagrad, gradient_descent, adagrad_da, ftrl, " +
      "proximal_adagrad or proximal_gradient_descent of TensorFlow; adamw, keras_rmsprop, keras_momentum, nadam, lion or lamb of Keras.",
    Expect.name("tfOptimizer", "the name of an optimizer", "name one, such as 'adam'")
  )

  final val tfLearningRate: DoubleParam = new DoubleParam(
    this,
    "tfLearningRate",
    "Learning rate of the optimizer, more than 0; a learning_rate in optimizerOptions wins over it.",
    Expect[Double]("tfLearningRate", "a finite number more than 0", "try 0.01 or 0.001")(rate =>
      rate > 0 && rate < Double.PositiveInfinity
    )
  )

  final val optimizerOptions: Param[String] = new Param[String](
    this,
    "optimizerOptions",
    "Options of the optimizer as a JSON object with TensorFlow's option names, such as " +
      "{\"learning_rate\": 0.001, \"beta1\": 0.9}; the build_*_config functions of sparkflow.graph_utils make it. " +
      "Not set: TensorFlow's defaults. A beta2 of 0.999, the default of adam, adamw, nadam and lamb, is " +
      "1 - 0.005 partitions with more than one of them, 0.95 at least, in all modes but sync.",
    Expect[String](
      "optimizerOptions",
      "a JSON object of options",
      "write it like {\"learning_rate\": 0.001}, or make it with a build_*_config function of sparkflow.graph_utils"
    )(OptimizerParams.isJsonObject)
  )

  final val learningRateSchedule: Param[String] = new Param[String](
    this,
    "learningRateSchedule",
    "How the learning rate changes from update to update, from tfLearningRate on, as a JSON object such as " +
      "{\"schedule\": \"cosine_decay\", \"decay_steps\": 10000, \"warmup_steps\": 500}: constant, exponential_decay, " +
      "piecewise_constant_decay (its values take the place of tfLearningRate), polynomial_decay, inverse_time_decay, " +
      "cosine_decay or cosine_decay_restarts, with the options of Keras' schedule of that name; and for each, " +
      "warmup_steps, in which the rate rises from warmup_start (0) to where the schedule begins. Not set: it stays.",
    Expect[String](
      "learningRateSchedule",
      "a JSON object",
      "write it like {\"schedule\": \"cosine_decay\", \"decay_steps\": 10000}"
    )(OptimizerParams.isJsonObject)
  )

  setDefault(tfOptimizer -> "adam", tfLearningRate -> 0.01)

  def getTfOptimizer: String = $(tfOptimizer)

  def setTfOptimizer(value: String): this.type = set(tfOptimizer, value)

  def getTfLearningRate: Double = $(tfLearningRate)

  def setTfLearningRate(value: Double): this.type = set(tfLearningRate, value)

  def getOptimizerOptions: String = $(optimizerOptions)

  def setOptimizerOptions(value: String): this.type = set(optimizerOptions, value)

  def getLearningRateSchedule: String = $(learningRateSchedule)

  def setLearningRateSchedule(value: String): this.type = set(learningRateSchedule, value)
}

private object OptimizerParams {
  private def isJsonObject(text: String): Boolean =
    text != null && {
      try JsonMethods.parse(text).isInstanceOf[JObject]
      catch { case NonFatal(_) => false }
    }
}
