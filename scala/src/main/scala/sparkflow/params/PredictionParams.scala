package sparkflow.params

import org.apache.spark.ml.param.{BooleanParam, IntParam, Param, Params, StringArrayParam}

/** What a fitted model computes, and the column that it goes to. */
trait PredictionParams extends Params {

  final val predictionCol: Param[String] = new Param[String](
    this,
    "predictionCol",
    "Name of the column that transform adds: a double where tfOutput is one value a row, otherwise an ML vector.",
    Expect.name("predictionCol", "the name of a column", "name the column to add, such as 'predicted'")
  )

  final val tfOutput: Param[String] = new Param[String](
    this,
    "tfOutput",
    "Tensor name of the output that transform computes, such as 'out:0'; training does not use it.",
    Expect.name("tfOutput", "a tensor name", "name the tensor to predict, such as 'out:0'")
  )

  final val tfDropout: Param[String] = new Param[String](
    this,
    "tfDropout",
    "Tensor name of the dropout placeholder, to which transform feeds 1.0 or 0.0 as toKeepDropout says. " +
      "Not set: transform feeds no dropout.",
    Expect.name(
      "tfDropout",
      "a tensor name",
      "name the dropout placeholder, such as 'keep_prob:0', or leave it unset where the graph has none"
    )
  )

  final val toKeepDropout: BooleanParam = new BooleanParam(
    this,
    "toKeepDropout",
    "What the value fed to tfDropout means: true if it is the share of units to keep (transform feeds 1.0), " +
      "false if it is the share to drop (transform feeds 0.0)."
  )

  final val inferenceBatchSize: IntParam = new IntParam(
    this,
    "inferenceBatchSize",
    "Rows that transform puts through the graph at once, 1 or more: more take more memory for what the graph " +
      "computes. A graph whose placeholder fixes the number decides itself.",
    Expect.atLeast("inferenceBatchSize", 1, "give the rows of a batch, such as 1024")
  )

  final val outputCols: StringArrayParam = new StringArrayParam(
    this,
    "outputCols",
    "Names of several columns that transform adds, instead of predictionCol, each of the same types; they take the tensors " +
      "that tfOutputs names in the same order.",
    Expect.names("outputCols", "names of columns", "name the columns to add, such as 'price' and 'class'")
  )

  final val tfOutputs: StringArrayParam = new StringArrayParam(
    this,
    "tfOutputs",
    "Tensor names of the outputs that go to outputCols, in the same order, all computed at once, such as 'out/price:0' and " +
      "'out/class:0'; instead of tfOutput.",
    Expect.names("tfOutputs", "tensor names", "name the tensors to predict, such as 'out/price:0'")
  )

  setDefault(
    predictionCol -> "predicted",
    tfOutput -> "out/Sigmoid:0",
    toKeepDropout -> false,
    inferenceBatchSize -> 1024
  )

  def getPredictionCol: String = $(predictionCol)

  def setPredictionCol(value: String): this.type = set(predictionCol, value)

  def getTfOutput: String = $(tfOutput)

  def setTfOutput(value: String): this.type = set(tfOutput, value)

  def getOutputCols: Array[String] = $(outputCols)

  def setOutputCols(value: Array[String]): this.type = set(outputCols, value)

  def getTfOutputs: Array[String] = $(tfOutputs)

  def setTfOutputs(value: Array[String]): this.type = set(tfOutputs, value)

  def getTfDropout: String = $(tfDropout)

  def setTfDropout(value: String): this.type = set(tfDropout, value)

  def getToKeepDropout: Boolean = $(toKeepDropout)

  def setToKeepDropout(value: Boolean): this.type = set(toKeepDropout, value)

  def getInferenceBatchSize: Int = $(inferenceBatchSize)

  def setInferenceBatchSize(value: Int): this.type = set(inferenceBatchSize, value)
}
