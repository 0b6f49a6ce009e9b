package sparkflow.job

import java.util.Locale

import org.json4s._
import org.json4s.jackson.JsonMethods

import sparkflow.Names

/** What must improve for a fit to go on, and for its weights to be the best. */
private[job] object Monitor {
  val loss = "loss"

  /** Whether a higher value is better.
    *
    * @throws IllegalArgumentException if the mode is auto and the name does not tell
    */
  def rises(name: String, mode: String): Boolean = mode match {
    case "max" => true
    case "min" => false
    case _ =>
      val lower = name.toLowerCase(Locale.ROOT)
      def has(parts: Seq[String]) = parts.exists(lower.contains)
      if (has(falling)) false
      else if (has(rising)) true
      else
        throw new IllegalArgumentException(
          s"monitor is '$name', of which monitorMode 'auto' can't tell whether higher is better: set monitorMode to 'max' or 'min'"
        )
  }

  /** @throws IllegalArgumentException if the fit computes no such value */
  def check(graph: GraphInfo, request: TrainRequest): Unit = {
    val own = named(request)
    if (own.nonEmpty && graph.metrics.isDefined)
      throw new IllegalArgumentException(
        "tfMetrics is set, but tensorflowGraph was made of a Keras model, which brings its metrics: give them to compile, or as metrics"
      )
    for ((_, tensor) <- own) graph.tensor("tfMetrics", tensor)
    if (own.nonEmpty && !request.validates)
      throw new IllegalArgumentException(
        "tfMetrics is set, but metrics are of rows that are held out: set validationFraction or validationIndicatorCol"
      )
    if (request.monitor != loss) {
      val known = loss +: (own.keys ++ graph.metrics.getOrElse(Nil)).toSeq.sorted
      if (!known.contains(request.monitor))
        throw new IllegalArgumentException(
          s"monitor is '${request.monitor}'${Names.didYouMean(request.monitor, known)}, but the fit knows only ${known
              .mkString(", ")}: a Keras model's metrics are those given to compile or as metrics, a graph's are named by tfMetrics"
        )
      if (!request.validates)
        throw new IllegalArgumentException(
          s"monitor is '${request.monitor}', but metrics are of rows that are held out: set validationFraction or " +
            "validationIndicatorCol, or monitor to 'loss'"
        )
    }
    rises(request.monitor, request.monitorMode)
    ()
  }

  /** The tensors of tfMetrics, by name. */
  def named(request: TrainRequest): Map[String, String] =
    request.tfMetrics.map(JsonMethods.parse(_)) match {
      case Some(JObject(fields)) => fields.collect { case (name, JString(tensor)) => name -> tensor }.toMap
      case _                     => Map.empty
    }

  // Parts of the names of Keras' metrics.
  private val falling =
    Seq(
      "loss",
      "error",
      "mse",
      "mae",
      "mape",
      "msle",
      "crossentropy",
      "divergence",
      "poisson",
      "hinge",
      "logcosh"
    )
  private val rising =
    Seq(
      "acc",
      "auc",
      "precision",
      "recall",
      "f1",
      "f_beta",
      "fbeta",
      "iou",
      "io_u",
      "r2",
      "similarity",
      "positive",
      "specificity",
      "sensitivity"
    )
}
