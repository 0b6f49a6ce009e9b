package sparkflow.params

import org.apache.spark.ml.param.{Param, Params, StringArrayParam}

/** Where the labels come from and which placeholder they feed. Both set: supervised; neither: unsupervised. */
trait LabelParams extends Params {

  final val labelCol: Param[String] = new Param[String](
    this,
    "labelCol",
    "Name of the label column, of the same types as inputCol; it feeds the placeholder named by tfLabel. " +
      "Not set: training is unsupervised.",
    Expect.name(
      "labelCol",
      "the name of a column",
      "name the label column, such as 'label', or leave it unset to train unsupervised"
    )
  )

  final val tfLabel: Param[String] = new Param[String](
    this,
    "tfLabel",
    "Tensor name of the placeholder that takes the label, such as 'y:0'. Not set: training is unsupervised, " +
      "as for an autoencoder.",
    Expect.name(
      "tfLabel",
      "a tensor name",
      "name the label placeholder, such as 'y:0', or leave it unset to train unsupervised"
    )
  )

  final val labelCols: StringArrayParam = new StringArrayParam(
    this,
    "labelCols",
    "Names of several label columns, instead of labelCol, each of the same types; they feed the placeholders that tfLabels " +
      "names in the same order.",
    Expect.names("labelCols", "names of columns", "name the label columns, such as 'rating' and 'clicked'")
  )

  final val tfLabels: StringArrayParam = new StringArrayParam(
    this,
    "tfLabels",
    "Tensor names of the placeholders that take labelCols, in the same order, such as 'rating:0' and 'clicked:0'; instead of " +
      "tfLabel.",
    Expect.names(
      "tfLabels",
      "tensor names",
      "name the label placeholders, such as 'rating:0' and 'clicked:0'"
    )
  )

  def getLabelCol: String = $(labelCol)

  def setLabelCol(value: String): this.type = set(labelCol, value)

  def getTfLabel: String = $(tfLabel)

  def setTfLabel(value: String): this.type = set(tfLabel, value)

  def getLabelCols: Array[String] = $(labelCols)

  def setLabelCols(value: Array[String]): this.type = set(labelCols, value)

  def getTfLabels: Array[String] = $(tfLabels)

  def setTfLabels(value: Array[String]): this.type = set(tfLabels, value)
}
