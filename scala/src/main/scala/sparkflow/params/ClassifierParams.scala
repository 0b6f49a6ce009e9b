package sparkflow.params

import org.apache.spark.ml.param.{BooleanParam, DoubleArrayParam, Param, Params}

/** What a classifier's output becomes: the columns that Spark's own classifiers give, for its evaluators. */
trait ClassifierParams extends Params {

  final val rawPredictionCol: Param[String] = new Param[String](
    this,
    "rawPredictionCol",
    "Name of the column, if it is to be added, of how much speaks for each class: an ML vector of tfOutput's values. Setting " +
      "this, probabilityCol or thresholds makes the model a classifier, whose predictionCol is the number of the class.",
    Expect.name(
      "rawPredictionCol",
      "the name of a column",
      "name the column to add, such as 'rawPrediction', or leave it unset"
    )
  )

  final val probabilityCol: Param[String] = new Param[String](
    this,
    "probabilityCol",
    "Name of the column, if it is to be added, of the probability of each class: an ML vector.",
    Expect.name(
      "probabilityCol",
      "the name of a column",
      "name the column to add, such as 'probability', or leave it unset"
    )
  )

  final val thresholds: DoubleArrayParam = new DoubleArrayParam(
    this,
    "thresholds",
    "A number for each class, 0 or more and at most one of them 0: predicted is the class whose probability divided by its " +
      "number is the largest. Not set: the likeliest class.",
    Expect[Array[Double]](
      "thresholds",
      "two numbers or more, each 0 or more and at most one of them 0",
      "give one for each class, such as 0.7 and 0.3"
    )(t => t.length >= 2 && t.forall(v => v >= 0 && v < Double.PositiveInfinity) && t.count(_ == 0) <= 1)
  )

  final val fromLogits: BooleanParam = new BooleanParam(
    this,
    "fromLogits",
    "Whether a classifier's tfOutput gives logits, of which softmax (of one value a row: sigmoid) makes probabilities. If " +
      "false, it gives probabilities; one value a row is that of class 1 of two."
  )

  setDefault(fromLogits -> false)

  def getRawPredictionCol: String = $(rawPredictionCol)

  def setRawPredictionCol(value: String): this.type = set(rawPredictionCol, value)

  def getProbabilityCol: String = $(probabilityCol)

  def setProbabilityCol(value: String): this.type = set(probabilityCol, value)

  def getThresholds: Array[Double] = $(thresholds)

  def setThresholds(value: Array[Double]): this.type = set(thresholds, value)

  def getFromLogits: Boolean = $(fromLogits)

  def setFromLogits(value: Boolean): this.type = set(fromLogits, value)

  /** Whether the output is to be taken as a classifier's. */
  private[sparkflow] def classifies: Boolean =
    isSet(rawPredictionCol) || isSet(probabilityCol) || isSet(thresholds)
}
