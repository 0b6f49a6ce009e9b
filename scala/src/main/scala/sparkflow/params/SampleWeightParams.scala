package sparkflow.params

import scala.util.control.NonFatal

import org.apache.spark.ml.param.{Param, Params}
import org.json4s.{JDouble, JInt, JObject}
import org.json4s.jackson.JsonMethods

/** How much each row counts in the loss. */
trait SampleWeightParams extends Params {

  final val sampleWeightCol: Param[String] = new Param[String](
    this,
    "sampleWeightCol",
    "Column of a number of 0 or more by which the loss multiplies that of the row; it feeds the placeholder named by " +
      "tfSampleWeight. Not set: all rows count alike.",
    Expect.name(
      "sampleWeightCol",
      "the name of a column",
      "name the column of the weights, or leave it unset to count all rows alike"
    )
  )

  final val tfSampleWeight: Param[String] = new Param[String](
    this,
    "tfSampleWeight",
    "Tensor name of the placeholder that takes the rows' weights, such as 'sample_weight:0', which the graph's loss must heed. " +
      "Not set: all rows count alike.",
    Expect.name(
      "tfSampleWeight",
      "a tensor name",
      "name the placeholder of the weights, such as 'sample_weight:0', or leave it unset"
    )
  )

  final val classWeights: Param[String] = new Param[String](
    this,
    "classWeights",
    "Weights of classes, as a JSON object such as {\"0\": 1, \"1\": 5}: the loss multiplies that of each row that is trained on by " +
      "the weight of the class that its label says, a number from 0 or a one-hot vector. A class that is not named has the weight 1. " +
      "With sampleWeightCol, both count. Needs tfSampleWeight. Not set: all classes count alike.",
    Expect[String](
      "classWeights",
      "a JSON object of classes, whole numbers from 0, and weights, finite numbers of 0 or more",
      "write it like {\"0\": 1, \"1\": 5}"
    )(SampleWeightParams.isByClass)
  )

  def getSampleWeightCol: String = $(sampleWeightCol)

  def setSampleWeightCol(value: String): this.type = set(sampleWeightCol, value)

  def getTfSampleWeight: String = $(tfSampleWeight)

  def setTfSampleWeight(value: String): this.type = set(tfSampleWeight, value)

  def getClassWeights: String = $(classWeights)

  def setClassWeights(value: String): this.type = set(classWeights, value)
}

private object SampleWeightParams {
  private def isByClass(text: String): Boolean =
    text != null && {
      try
        JsonMethods.parse(text) match {
          case JObject(fields) =>
            fields.nonEmpty && fields.forall {
              case (name, JInt(weight))    => isClass(name) && weight >= 0
              case (name, JDouble(weight)) => isClass(name) && weight >= 0 && !weight.isInfinite
              case _                       => false
            }
          case _ => false
        }
      catch { case NonFatal(_) => false }
    }

  private def isClass(name: String): Boolean = name.matches("[0-9]{1,9}")
}
