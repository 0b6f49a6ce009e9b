package sparkflow.job.checkpoint

import org.json4s._
import org.json4s.JsonDSL._
import org.json4s.jackson.JsonMethods

import sparkflow.files.FileEntry
import sparkflow.ps.{FitCounts, FitSnapshot, WorkerProgress}
import sparkflow.ps.store.{Layout, StoreSnapshot, Table}

/** What a checkpoint's manifest.json says.
  *
  * @param version of the SparkFlow that wrote it
  * @param fit     without the values, which are in the other files
  * @param tables  in the order of clocks.bin
  * @param slots   how many there are
  */
private[checkpoint] final case class CheckpointManifest(
    version: String,
    fit: FitSnapshot,
    tables: Seq[Table],
    slots: Int,
    job: JObject,
    files: Map[String, FileEntry]
) {
  def toJson: String = JsonMethods.pretty(
    ("formatVersion" -> CheckpointManifest.formatVersion) ~
      ("sparkflowVersion" -> version) ~
      ("steps" -> fit.store.version) ~
      ("whole" -> fit.store.whole) ~
      ("slots" -> slots) ~
      ("layout" -> JsonMethods.parse(fit.layout.toJson)) ~
      ("tables" -> tables.map { t =>
        ("name" -> t.name) ~ ("from" -> t.from) ~ ("rows" -> t.rows) ~ ("width" -> t.width)
      }) ~
      ("round" -> fit.round) ~
      ("workers" -> fit.workers.map { w =>
        ("worker" -> w.worker) ~ ("rows" -> w.rows) ~ ("step" -> w.step) ~ ("samples" -> w.samples) ~ ("loss" -> w.loss)
      }) ~
      ("elapsedNanos" -> fit.elapsedNanos) ~
      ("samples" -> fit.counts.samples) ~
      ("stalenessHistogram" -> fit.counts.staleness) ~
      ("retries" -> fit.counts.retries) ~
      ("bytesReceived" -> fit.counts.bytesReceived) ~
      ("bytesSent" -> fit.counts.bytesSent) ~
      ("workersAtOnce" -> fit.counts.workersAtOnce) ~
      ("job" -> job) ~
      ("files" -> JObject(files.toList.sortBy(_._1).map { case (name, file) => name -> file.toJson }))
  )
}

private[checkpoint] object CheckpointManifest {
  val formatVersion = 1

  /** @throws RuntimeException if it is not what `toJson` gives, or of another format version */
  def parse(json: String): CheckpointManifest = {
    implicit val formats: Formats = DefaultFormats
    val root = JsonMethods.parse(json)
    val format = (root \ "formatVersion").extract[Int]
    val writer = (root \ "sparkflowVersion").extract[String]
    if (format != formatVersion)
      throw new IllegalArgumentException(
        s"it has formatVersion $format, of SparkFlow $writer, and this one reads $formatVersion: resume with that version"
      )
    val steps = (root \ "steps").extract[Long]
    val fit = FitSnapshot(
      Layout.fromJson(JsonMethods.compact(root \ "layout")),
      StoreSnapshot(steps, Array.empty, Nil, Map.empty, (root \ "whole").extract[Long]),
      Array.empty,
      (root \ "round").extract[Int],
      (root \ "workers").extract[List[JValue]].map { w =>
        WorkerProgress(
          (w \ "worker").extract[Int],
          (w \ "rows").extractOpt[Long],
          (w \ "step").extract[Long],
          (w \ "samples").extract[Long],
          (w \ "loss").extract[Double]
        )
      },
      FitCounts(
        steps,
        (root \ "samples").extract[Long],
        (root \ "stalenessHistogram").extract[List[Long]],
        (root \ "retries").extract[Int],
        (root \ "bytesReceived").extract[Long],
        (root \ "bytesSent").extract[Long],
        (root \ "workersAtOnce").extractOpt[Int].getOrElse(0)
      ),
      (root \ "elapsedNanos").extract[Long]
    )
    val tables = (root \ "tables").extract[List[JValue]].map { t =>
      Table(
        (t \ "name").extract[String],
        (t \ "from").extract[Int],
        (t \ "rows").extract[Int],
        (t \ "width").extract[Int]
      )
    }
    val files = (root \ "files").extract[Map[String, JValue]].map { case (name, f) =>
      name -> FileEntry((f \ "bytes").extract[Long], (f \ "sha256").extract[String])
    }
    CheckpointManifest(
      writer,
      fit,
      tables,
      (root \ "slots").extract[Int],
      (root \ "job").extract[JObject],
      files
    )
  }
}
