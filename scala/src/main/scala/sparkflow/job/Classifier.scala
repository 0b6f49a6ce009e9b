package sparkflow.job

import org.apache.spark.ml.linalg.SQLDataTypes
import org.apache.spark.sql.Column
import org.apache.spark.sql.catalyst.InternalRow
import org.apache.spark.sql.sparkflow.Functions
import org.apache.spark.sql.types.{DataType, DoubleType}

/** What a model's output says of the classes, as Spark's own classifiers give it. Of two classes, a row may have one value,
  * that of class 1.
  *
  * @param fromLogits whether a row's values are logits; else they are probabilities
  * @param thresholds one for each class; None for the likeliest
  */
private[sparkflow] final case class Classifier(fromLogits: Boolean, thresholds: Option[Seq[Double]]) {
  private val divisors = thresholds.map(_.toArray)

  /** Before there are rows, as far as the graph tells.
    *
    * @throws IllegalArgumentException if `output` says nothing of classes, or not of as many as there are thresholds
    */
  def check(output: TensorInfo): Unit = {
    if (output.op == "ArgMax")
      throw new IllegalArgumentException(
        s"tfOutput is '${output.name}', the number of a class, but rawPredictionCol, probabilityCol and thresholds are of what " +
          "speaks for each class: name the tensor of the probabilities, or of the logits with fromLogits true"
      )
    output.rowSize.foreach(size => checkThresholds(if (size == 1) 2 else size.toInt))
  }

  /** How much speaks for each class: the output's own values; of one value a row, two. */
  def raw(output: Array[Double]): Array[Double] =
    if (output.length > 1) output
    else if (fromLogits) Array(-output(0), output(0))
    else Array(1 - output(0), output(0))

  /** @throws IllegalArgumentException if they are none, which only probabilities can be */
  def probabilities(output: Array[Double]): Array[Double] = {
    val made =
      if (!fromLogits) raw(output)
      else if (output.length > 1) Classifier.softmax(output)
      else Array(Classifier.sigmoid(-output(0)), Classifier.sigmoid(output(0)))
    if (made.exists(p => p < -Classifier.tolerance) || (made.sum - 1).abs > Classifier.tolerance)
      throw new IllegalArgumentException(
        s"tfOutput gave (${output.take(10).mkString(", ")}${if (output.length > 10) ", …" else ""}) for a row, which is " +
          "no probability for each class: set fromLogits if it gives logits, or name the tensor of the probabilities"
      )
    made
  }

  /** The number of the class; NaN where a probability is. */
  def predict(probabilities: Array[Double]): Double = {
    checkThresholds(probabilities.length)
    if (probabilities.exists(_.isNaN)) Double.NaN
    else {
      // As Spark does: a class with probability 0 and threshold 0 is not the one, as 0 / 0 is above nothing.
      var (best, most, i) = (0, Double.NegativeInfinity, 0)
      while (i < probabilities.length) {
        val scaled = divisors.fold(probabilities(i))(probabilities(i) / _(i))
        if (scaled > most) { best = i; most = scaled }
        i += 1
      }
      best.toDouble
    }
  }

  def rawColumn(output: Column, outputType: DataType): Column =
    RowFunction.column(output, SQLDataTypes.VectorType, Classifier.Raw(this, outputType))

  def probabilityColumn(output: Column, outputType: DataType): Column =
    RowFunction.column(output, SQLDataTypes.VectorType, Classifier.Probability(this, outputType))

  def predictionColumn(output: Column, outputType: DataType): Column =
    RowFunction.column(output, DoubleType, Classifier.Prediction(this, outputType))

  private def checkThresholds(classes: Int): Unit = divisors.foreach { all =>
    if (all.length != classes)
      throw new IllegalArgumentException(
        s"thresholds has ${all.length} values, but tfOutput tells of $classes classes: give one for each"
      )
  }
}

private[sparkflow] object Classifier {

  /** What float32, or half precision, may leave of a sum of 1. */
  private val tolerance = 1e-2

  private def softmax(logits: Array[Double]): Array[Double] = {
    val most = logits.max
    val powers = logits.map(z => math.exp(z - most))
    val sum = powers.sum
    powers.map(_ / sum)
  }

  private def sigmoid(logit: Double): Double =
    if (logit >= 0) 1 / (1 + math.exp(-logit)) else { val e = math.exp(logit); e / (1 + e) }

  private final case class Raw(of: Classifier, output: DataType) extends RowFunction.Body {
    override def apply(value: Any): InternalRow = PackedRow.vectorOf(raising(of.raw(values(value, output))))
  }

  private final case class Probability(of: Classifier, output: DataType) extends RowFunction.Body {
    override def apply(value: Any): InternalRow =
      PackedRow.vectorOf(raising(of.probabilities(values(value, output))))
  }

  private final case class Prediction(of: Classifier, output: DataType) extends RowFunction.Body {
    override def apply(value: Any): Double = raising(of.predict(of.probabilities(values(value, output))))
  }

  private def values(value: Any, outputType: DataType): Array[Double] =
    if (outputType == DoubleType) Array(value.asInstanceOf[Double])
    else value.asInstanceOf[InternalRow].getArray(3).toDoubleArray()

  /** So that Spark shows the message, and no query plan around it. */
  private def raising[A](value: => A): A =
    try value
    catch { case e: IllegalArgumentException => throw Functions.raised(e.getMessage) }
}
