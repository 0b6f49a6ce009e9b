package sparkflow.params

import org.apache.spark.ml.param.{Param, Params}
import org.apache.spark.ml.util.Identifiable

import sparkflow.ps.store.ModelState

/** What training starts from. */
trait StartParams extends Params {

  final val initialWeights: ModelStateParam = new ModelStateParam(
    this,
    "initialWeights",
    "Weights of a fitted model of the same graph, to start from. " +
      "Not set: training starts from the graph's own initializers."
  )

  def getInitialWeights: ModelState = $(initialWeights)

  def setInitialWeights(value: ModelState): this.type = set(initialWeights, value)
}

/** A param whose value is a model's arrays; it is not written as JSON but saved as files beside the metadata. */
class ModelStateParam(parent: Identifiable, name: String, doc: String)
    extends Param[ModelState](
      parent,
      name,
      doc,
      Expect[ModelState](name, "the weights of a fitted model", "leave it unset to start afresh")(_ != null)
    ) {

  /** @throws UnsupportedOperationException always: the arrays may be larger than any string */
  override def jsonEncode(value: ModelState): String =
    throw new UnsupportedOperationException(
      s"$name cannot be written as JSON: set it on the estimator, not in a ParamMap that is to be saved"
    )

  override def jsonDecode(json: String): ModelState =
    throw new UnsupportedOperationException(
      s"$name cannot be read from JSON: the saved model keeps it in files"
    )
}
