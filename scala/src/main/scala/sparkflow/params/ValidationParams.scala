package sparkflow.params

import scala.util.control.NonFatal

import org.apache.spark.ml.param.{DoubleParam, Param, Params}
import org.json4s.{JObject, JString}
import org.json4s.jackson.JsonMethods

/** Which rows are held out of training, to tell after each iteration what the model is worth on rows that it has not seen. */
trait ValidationParams extends Params {

  final val validationIndicatorCol: Param[String] = new Param[String](
    this,
    "validationIndicatorCol",
    "Boolean column that says which rows are held out for validation: true for those, false for training. " +
      "Not set: validationFraction says how many are.",
    Expect.name(
      "validationIndicatorCol",
      "the name of a column",
      "name a boolean column, or leave it unset to hold out no rows by a column"
    )
  )

  final val validationFraction: DoubleParam = new DoubleParam(
    this,
    "validationFraction",
    "Share of the rows that are held out for validation, from 0 to less than 1: each row is, with this probability. " +
      "The seed decides which, as long as the DataFrame has the same rows in the same partitions and order. 0 holds out none.",
    Expect.apply[Double](
      "validationFraction",
      "0 to less than 1",
      "give the share of the rows to hold out, or 0 for none"
    )(f => f >= 0 && f < 1)
  )

  final val tfMetrics: Param[String] = new Param[String](
    this,
    "tfMetrics",
    "Metrics that a graph computes of the rows that are held out, as a JSON object of names and tensors, such as " +
      "{\"accuracy\": \"hit:0\"}: a tensor has one value for each row, or is the mean of a mini-batch. A Keras model brings its" +
      " own. Not set: none.",
    Expect[String](
      "tfMetrics",
      "a JSON object of names and tensors",
      "write it like {\"accuracy\": \"hit:0\"}"
    )(ValidationParams.isOfTensors)
  )

  setDefault(validationFraction -> 0.0)

  def getValidationIndicatorCol: String = $(validationIndicatorCol)

  def setValidationIndicatorCol(value: String): this.type = set(validationIndicatorCol, value)

  def getValidationFraction: Double = $(validationFraction)

  def setValidationFraction(value: Double): this.type = set(validationFraction, value)

  def getTfMetrics: String = $(tfMetrics)

  def setTfMetrics(value: String): this.type = set(tfMetrics, value)
}

private object ValidationParams {
  private def isOfTensors(text: String): Boolean =
    text != null && {
      try
        JsonMethods.parse(text) match {
          case JObject(fields) =>
            fields.forall { case (name, tensor) =>
              name.nonEmpty && name != "loss" && tensor.isInstanceOf[JString]
            }
          case _ => false
        }
      catch { case NonFatal(_) => false }
    }
}
