package sparkflow.job

import org.json4s._
import org.json4s.JsonDSL._

/** What a checkpoint keeps of a fit beside what its server knows.
  *
  * @param settings      see `FitSettings`
  * @param partitionRows of the first round; empty until it has ended
  * @param seconds       that the fit had taken
  * @param finished      whether nothing was left to do
  */
private[job] final case class FitProgress(
    settings: Map[String, String],
    iters: Int,
    partitions: Int,
    seed: Long,
    partitionRows: Seq[Long],
    seconds: Double,
    finished: Boolean,
    iterations: Seq[IterationSums]
) {
  def toJson: JObject =
    ("settings" -> settings) ~ ("iters" -> iters) ~ ("partitions" -> partitions) ~ ("seed" -> seed) ~
      ("partitionRows" -> partitionRows) ~ ("seconds" -> seconds) ~ ("finished" -> finished) ~
      ("iterations" -> iterations.map { i =>
        ("iteration" -> i.iteration) ~ ("loss" -> i.loss) ~ ("samples" -> i.samples) ~ ("staleness" -> i.staleness) ~
          ("waited" -> i.waited) ~ ("endNanos" -> i.endNanos)
      })
}

private[job] object FitProgress {
  def fromJson(json: JValue): FitProgress = {
    implicit val formats: Formats = DefaultFormats
    FitProgress(
      (json \ "settings").extract[Map[String, String]],
      (json \ "iters").extract[Int],
      (json \ "partitions").extract[Int],
      (json \ "seed").extract[Long],
      (json \ "partitionRows").extract[List[Long]],
      (json \ "seconds").extract[Double],
      (json \ "finished").extract[Boolean],
      (json \ "iterations").extract[List[JValue]].map { i =>
        IterationSums(
          (i \ "iteration").extract[Int],
          (i \ "loss").extract[Double],
          (i \ "samples").extract[Long],
          (i \ "staleness").extract[Double],
          (i \ "waited").extract[Double],
          (i \ "endNanos").extract[Long]
        )
      }
    )
  }
}
