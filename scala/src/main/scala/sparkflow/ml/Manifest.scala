package sparkflow.ml

import scala.util.control.NonFatal

import org.json4s._
import org.json4s.JsonDSL._
import org.json4s.jackson.JsonMethods

import sparkflow.Version
import sparkflow.files.FileEntry
import sparkflow.ps.store.Layout

/** What a directory of model files says of itself in manifest.json; docs/persistence.md is its definition.
  *
  * @param version      of the SparkFlow that wrote it
  * @param trainingSeed of the fit that made the weights, where one did
  * @param metadata     what is in the stage's directory metadata/; None of an estimator's initial weights
  */
private[ml] final case class Manifest(
    version: String,
    trainingSeed: Option[Long],
    layout: Layout,
    files: Map[String, FileEntry],
    metadata: Option[FileEntry]
) {
  def toJson: String = JsonMethods.pretty(
    ("formatVersion" -> Manifest.formatVersion) ~
      ("sparkflowVersion" -> version) ~
      ("trainingSeed" -> trainingSeed) ~
      ("layout" -> JsonMethods.parse(layout.toJson)) ~
      ("files" -> JObject(files.toList.sortBy(_._1).map { case (name, file) => name -> file.toJson })) ~
      ("metadata" -> metadata.map(_.toJson))
  )
}

private[ml] object Manifest {
  val formatVersion = 1

  /** @param where the file, for messages
    * @throws SavedModelException if the text is no manifest that this version can read
    */
  def parse(json: String, where: String): Manifest = {
    val root =
      try JsonMethods.parse(json)
      catch { case NonFatal(e) => throw new SavedModelException(s"$where is not JSON: $remedy", e) }
    root \ "formatVersion" match {
      case JInt(v) if v == formatVersion =>
      case JInt(v) if v > formatVersion =>
        val writer = root \ "sparkflowVersion" match { case JString(s) => s" $s"; case _ => "" }
        throw new SavedModelException(
          s"$where has formatVersion $v: it was written by a newer SparkFlow$writer, and this one " +
            s"(${Version.current}) reads up to $formatVersion: load it with that version, or upgrade SparkFlow"
        )
      case JInt(v) => throw new SavedModelException(s"$where has formatVersion $v, which never was: $remedy")
      case _       => throw new SavedModelException(s"$where has no formatVersion: $remedy")
    }
    try
      Manifest(
        text(root, "sparkflowVersion"),
        root \ "trainingSeed" match {
          case JNothing                       => None
          case JInt(seed) if seed.isValidLong => Some(seed.toLong)
          case other =>
            throw new IllegalArgumentException(
              s"trainingSeed is ${JsonMethods.compact(other)}, expected a 64-bit integer"
            )
        },
        Layout.fromJson(JsonMethods.compact(root \ "layout")),
        (root \ "files")
          .asInstanceOf[JObject]
          .obj
          .map { case (name, file) => name -> entry(file) }
          .toMap,
        (root \ "metadata").toOption.map(entry)
      )
    catch {
      case NonFatal(e) =>
        throw new SavedModelException(s"$where is not a manifest of format 1 (${e.getMessage}): $remedy", e)
    }
  }

  private def entry(file: JValue) = FileEntry(long(file, "bytes"), text(file, "sha256"))

  private def text(parent: JValue, field: String): String = parent \ field match {
    case JString(s) => s
    case _          => throw new IllegalArgumentException(s"it has no text '$field'")
  }

  private def long(parent: JValue, field: String): Long = parent \ field match {
    case JInt(n) if n.isValidLong && n >= 0 => n.toLong
    case _ => throw new IllegalArgumentException(s"it has no number '$field'")
  }

  private val remedy = SavedModelException.restore
}
