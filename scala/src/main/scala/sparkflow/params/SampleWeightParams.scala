package sparkflow.params

import org.apache.spark.ml.param.{Param, Params}

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

  def getSampleWeightCol: String = $(sampleWeightCol)

  def setSampleWeightCol(value: String): this.type = set(sampleWeightCol, value)

  def getTfSampleWeight: String = $(tfSampleWeight)

  def setTfSampleWeight(value: String): this.type = set(tfSampleWeight, value)
}
