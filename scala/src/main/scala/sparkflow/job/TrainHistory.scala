package sparkflow.job

import scala.util.control.NonFatal

import org.json4s._
import org.json4s.JsonDSL._
import org.json4s.jackson.JsonMethods

import sparkflow.ps.FitCounts

/** One iteration, over all partitions that have ended it.
  *
  * @param iteration        counted from 0, over all `partitionShuffles`
  * @param loss             mean over its samples
  * @param seconds          from the first weights to the last partition's end of it
  * @param samplesPerSecond its samples, over the time since the iteration before ended
  * @param staleness        mean over its updates: updates by others between the weights that a gradient was computed on
  *   and its own update
  * @param waitSeconds      for which workers waited for the server, summed over them
  * @param validationLoss    mean over the rows that are held out; None without any, and of an iteration that not all
  *   partitions have ended
  * @param validationMetrics by name
  */
final case class Iteration(
    iteration: Int,
    loss: Double,
    samples: Long,
    seconds: Double,
    samplesPerSecond: Double,
    staleness: Double,
    waitSeconds: Double,
    validationLoss: Option[Double] = None,
    validationMetrics: Map[String, Double] = Map.empty
)

/** What is known of a fit when it has ended.
  *
  * @param seconds       that it took, from the start of its server on
  * @param partitionRows rows of each partition, as it was trained on first; those that are held out do not count
  * @param stoppedEarly  whether the fit ended because it no longer improved, or the listener wanted it to
  * @param bestIteration the one with the best loss, if early stopping or the best weights were asked for
  * @param resumedFrom   updates that the checkpoint had which the fit went on from; 0 if it began at the beginning
  * @param checkpoints   that were written, since then
  * @param checkpointFailures checkpoints that could not be written
  */
final case class TrainHistory(
    mode: String,
    iterations: Seq[Iteration],
    counts: FitCounts,
    seconds: Double,
    partitionRows: Seq[Long],
    stoppedEarly: Boolean = false,
    bestIteration: Option[Int] = None,
    resumedFrom: Long = 0,
    checkpoints: Int = 0,
    checkpointFailures: Int = 0
) {

  /** The summary.json of docs/persistence.md. */
  def toJson: String = JsonMethods.compact(
    ("mode" -> mode) ~ ("seconds" -> seconds) ~ ("steps" -> counts.steps) ~ ("samples" -> counts.samples) ~
      ("stalenessHistogram" -> counts.staleness) ~ ("retries" -> counts.retries) ~
      ("bytesReceived" -> counts.bytesReceived) ~ ("bytesSent" -> counts.bytesSent) ~
      ("workersAtOnce" -> counts.workersAtOnce) ~
      ("partitionRows" -> partitionRows) ~ ("stoppedEarly" -> stoppedEarly) ~ ("bestIteration" -> bestIteration) ~
      ("resumedFrom" -> resumedFrom) ~ ("checkpoints" -> checkpoints) ~ ("checkpointFailures" -> checkpointFailures) ~
      ("iterations" -> iterations.map { i =>
        ("iteration" -> i.iteration) ~ ("loss" -> i.loss) ~ ("samples" -> i.samples) ~ ("seconds" -> i.seconds) ~
          ("samplesPerSecond" -> i.samplesPerSecond) ~ ("staleness" -> i.staleness) ~ ("waitSeconds" -> i.waitSeconds) ~
          ("validationLoss" -> i.validationLoss) ~ ("validationMetrics" -> i.validationMetrics)
      })
  )
}

object TrainHistory {

  /** @throws IllegalArgumentException if it is not what `toJson` gives */
  def fromJson(json: String): TrainHistory = {
    implicit val formats: Formats = DefaultFormats
    def iteration(json: JValue) = Iteration(
      (json \ "iteration").extract[Int],
      (json \ "loss").extract[Double],
      (json \ "samples").extract[Long],
      (json \ "seconds").extract[Double],
      (json \ "samplesPerSecond").extract[Double],
      (json \ "staleness").extract[Double],
      (json \ "waitSeconds").extract[Double],
      (json \ "validationLoss").extractOpt[Double],
      (json \ "validationMetrics").extractOpt[Map[String, Double]].getOrElse(Map.empty)
    )
    try {
      val root = JsonMethods.parse(json)
      val counts = FitCounts(
        (root \ "steps").extract[Long],
        (root \ "samples").extract[Long],
        (root \ "stalenessHistogram").extract[Seq[Long]],
        (root \ "retries").extract[Int],
        (root \ "bytesReceived").extract[Long],
        (root \ "bytesSent").extract[Long],
        (root \ "workersAtOnce").extractOpt[Int].getOrElse(0)
      )
      TrainHistory(
        (root \ "mode").extract[String],
        (root \ "iterations").extract[Seq[JValue]].map(iteration),
        counts,
        (root \ "seconds").extract[Double],
        (root \ "partitionRows").extract[Seq[Long]],
        (root \ "stoppedEarly").extractOpt[Boolean].getOrElse(false),
        (root \ "bestIteration").extractOpt[Int],
        (root \ "resumedFrom").extractOpt[Long].getOrElse(0),
        (root \ "checkpoints").extractOpt[Int].getOrElse(0),
        (root \ "checkpointFailures").extractOpt[Int].getOrElse(0)
      )
    } catch {
      case NonFatal(e) => throw new IllegalArgumentException(s"it is no summary: ${e.getMessage}", e)
    }
  }
}
