package sparkflow.params

import org.apache.spark.ml.param.{BooleanParam, Param, Params}

/** The TensorFlow graph to train, and which of its losses count. */
trait GraphParams extends Params {

  final val tensorflowGraph: Param[String] = new Param[String](
    this,
    "tensorflowGraph",
    "The TensorFlow graph as the JSON of a MetaGraphDef, as made by sparkflow.graph_utils.build_graph " +
      "or python -m sparkflow graph.",
    Expect[String](
      "tensorflowGraph",
      "the JSON of a MetaGraphDef",
      "make it with sparkflow.graph_utils.build_graph or python -m sparkflow graph"
    )(_ != null)
  )

  final val useRegularizationLosses: BooleanParam = new BooleanParam(
    this,
    "useRegularizationLosses",
    "Whether to add the losses in the graph's REGULARIZATION_LOSSES collection to the loss that is trained, " +
      "which is the first in its LOSSES collection."
  )

  setDefault(tensorflowGraph -> "", useRegularizationLosses -> false)

  /** As Spark's, but tells the size of the graph instead of printing all of it. */
  override def explainParam(param: Param[_]): String =
    if (param == tensorflowGraph && isSet(param))
      s"${param.name}: ${param.doc} (current: a graph of ${getTensorflowGraph.length} characters)"
    else super.explainParam(param)

  def getTensorflowGraph: String = $(tensorflowGraph)

  def setTensorflowGraph(value: String): this.type = set(tensorflowGraph, value)

  def getUseRegularizationLosses: Boolean = $(useRegularizationLosses)

  def setUseRegularizationLosses(value: Boolean): this.type = set(useRegularizationLosses, value)
}
