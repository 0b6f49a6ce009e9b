package sparkflow.params

import org.apache.spark.ml.param.{Param, Params, StringArrayParam}

/** Where the features come from and which placeholder they feed; the same in training and prediction. */
trait InputParams extends Params {

  final val inputCol: Param[String] = new Param[String](
    this,
    "inputCol",
    "Name of the features column: an ML vector (dense or sparse), an array of numbers (or of arrays), a number or boolean, an " +
      "image, or where tfInput takes strings, strings or binary values. It feeds the placeholder named by tfInput.",
    Expect.name("inputCol", "the name of a column", "name the features column, such as 'features'")
  )

  final val tfInput: Param[String] = new Param[String](
    this,
    "tfInput",
    "Tensor name of the placeholder that takes the features, such as 'x:0'; of a sparse placeholder its name, such as 'x'.",
    Expect.name("tfInput", "a tensor name", "name the features placeholder, such as 'x:0'")
  )

  final val inputCols: StringArrayParam = new StringArrayParam(
    this,
    "inputCols",
    "Names of several features columns, instead of inputCol, each of the same types; they feed the placeholders that " +
      "tfInputs names in the same order.",
    Expect.names("inputCols", "names of columns", "name the features columns, such as 'user' and 'item'")
  )

  final val tfInputs: StringArrayParam = new StringArrayParam(
    this,
    "tfInputs",
    "Tensor names of the placeholders that take inputCols, in the same order, such as 'user:0' and 'item:0'; instead of tfInput.",
    Expect.names("tfInputs", "tensor names", "name the features placeholders, such as 'user:0' and 'item:0'")
  )

  setDefault(inputCol -> "transformed", tfInput -> "x:0")

  def getInputCol: String = $(inputCol)

  def setInputCol(value: String): this.type = set(inputCol, value)

  def getTfInput: String = $(tfInput)

  def setTfInput(value: String): this.type = set(tfInput, value)

  def getInputCols: Array[String] = $(inputCols)

  def setInputCols(value: Array[String]): this.type = set(inputCols, value)

  def getTfInputs: Array[String] = $(tfInputs)

  def setTfInputs(value: Array[String]): this.type = set(tfInputs, value)
}
