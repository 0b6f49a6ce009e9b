package sparkflow.ml

import org.apache.spark.sql.{DataFrame, SparkSession}

import sparkflow.job.TrainHistory

/** How a fit went; kept in the saved model. */
final class TrainingSummary private[ml] (record: TrainHistory) {

  /** The fit's `mode`. */
  def mode: String = record.mode

  /** Mean loss of each iteration, over all rounds of `partitionShuffles`. */
  def objectiveHistory: Array[Double] = record.iterations.map(_.loss).toArray

  def totalIterations: Int = record.iterations.length

  /** Updates that were applied to the weights. */
  def steps: Long = record.counts.steps

  /** Samples that the updates were made from: a row counts once in each iteration. */
  def samples: Long = record.counts.samples

  /** Seconds that the fit took, its start included. */
  def seconds: Double = record.seconds

  /** While workers trained: without the time until the first weights. */
  def samplesPerSecond: Double =
    record.iterations.lastOption.fold(0.0)(last => record.iterations.map(_.samples).sum / last.seconds)

  /** Updates by staleness: number k is of those to which k updates by others came between the weights that the gradient
    * was computed on and its own update. Number 63, if there is one, is of 63 and more.
    */
  def stalenessHistogram: Array[Long] = record.counts.staleness.toArray

  /** Attempts at a partition after its first, of all partitions. */
  def retries: Int = record.counts.retries

  /** Bytes that the parameter server received through sockets; shared memory is not in it. */
  def bytesReceived: Long = record.counts.bytesReceived

  /** Bytes that the parameter server sent through sockets; shared memory is not in it. */
  def bytesSent: Long = record.counts.bytesSent

  /** Seconds for which workers waited for the server, summed over them. */
  def waitSeconds: Double = record.iterations.map(_.waitSeconds).sum

  /** Rows of each partition in the first round, without those that are held out; 0 for an empty one, which trains nothing. */
  def partitionRows: Array[Long] = record.partitionRows.toArray

  /** The most workers that trained at the same time. Fewer than there are partitions with rows means that those trained in
    * waves, the later ones on weights that the earlier ones had left. 0 in a model of a version that did not count them.
    */
  def workersAtOnce: Int = record.counts.workersAtOnce

  /** Whether the fit ended because it no longer improved, see `earlyStoppingPatience`, or because the listener wanted it to. */
  def stoppedEarly: Boolean = record.stoppedEarly

  /** The iteration with the best loss, from 0; None unless `earlyStoppingPatience` or `restoreBest` was set. */
  def bestIteration: Option[Int] = record.bestIteration

  /** Updates that the checkpoint had which the fit went on from; 0 if it began at the beginning. All that is counted here
    * counts those before it, too, but for `checkpoints`.
    */
  def resumedFrom: Long = record.resumedFrom

  /** Checkpoints that this fit wrote. */
  def checkpoints: Int = record.checkpoints

  /** Checkpoints that could not be written; the log says why. */
  def checkpointFailures: Int = record.checkpointFailures

  /** One row an iteration: `iteration`, `loss`, `samples`, `seconds` since the first weights, `samplesPerSecond`,
    * `staleness` (mean of its updates), `waitSeconds` (summed over the workers), `validationLoss` (null unless rows are
    * held out and all partitions have ended the iteration) and `validationMetrics` (values by name).
    */
  def history: DataFrame = SparkSession.active.createDataFrame(record.iterations)

  /** All of it, as one JSON object whose fields are named as the methods here; `iterations` are the rows of `history`. */
  def toJson: String = record.toJson

  override def toString: String = {
    val loss = objectiveHistory.lastOption.fold("none")(l => f"$l%.5f")
    val mean = stalenessHistogram.zipWithIndex.map { case (n, s) => n.toDouble * s }.sum / math.max(1L, steps)
    val validated =
      record.iterations.flatMap(_.validationLoss).lastOption.fold("")(l => f", last validation loss $l%.5f") +
        bestIteration.fold("")(i => s", best iteration $i") + (if (stoppedEarly) ", stopped early" else "")
    val empty = partitionRows.count(_ == 0)
    Seq(
      s"mode $mode, $totalIterations iterations, last loss $loss$validated",
      f"$steps%,d updates of $samples%,d samples in $seconds%.1f s, $samplesPerSecond%,.0f samples/s while training",
      f"staleness $mean%.2f on average, ${math.max(0, stalenessHistogram.length - 1)}%d at most; $waitSeconds%.1f s of waiting, $retries%d retries",
      f"$bytesReceived%,d bytes received, $bytesSent%,d sent",
      s"${partitionRows.length} partitions of ${partitionRows.min} to ${partitionRows.max} rows" +
        (if (empty > 0) s", $empty of them empty" else "") +
        (if (0 < workersAtOnce && workersAtOnce < partitionRows.length - empty)
           s", trained in waves of at most $workersAtOnce at once"
         else "") +
        (if (checkpointFailures > 0) s"; $checkpointFailures checkpoints could not be written" else "")
    ).mkString("\n")
  }
}
