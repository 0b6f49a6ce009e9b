package sparkflow.params

import org.apache.spark.ml.param.{Param, Params}

/** Where the features come from and which placeholder they feed; the same in training and prediction. */
trait InputParams extends Params {

  final val inputCol: Param[String] = new Param[String](
    this,
    "inputCol",
    "Name of the features column: an ML vector (dense or sparse), an array of numbers, or a number. " +
      "It feeds the placeholder named by tfInput. Where that takes strings, transform takes a column of strings.",
    Expect.name("inputCol", "the name of a column", "name the features column, such as 'features'")
  )

  final val tfInput: Param[String] = new Param[String](
    this,
    "tfInput",
    "Tensor name of the placeholder that takes the features, such as 'x:0'.",
    Expect.name("tfInput", "a tensor name", "name the features placeholder, such as 'x:0'")
  )

  setDefault(inputCol -> "transformed", tfInput -> "x:0")

  def getInputCol: String = $(inputCol)

  def setInputCol(value: String): this.type = set(inputCol, value)

  def getTfInput: String = $(tfInput)

  def setTfInput(value: String): this.type = set(tfInput, value)
}
