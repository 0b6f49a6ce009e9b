package sparkflow.ml

import scala.util.control.NonFatal

import org.apache.hadoop.fs.Path
import org.apache.spark.ml.param.Params
import org.apache.spark.ml.sparkflow.ParamsMetadata
import org.apache.spark.sql.SparkSession
import org.json4s._

import sparkflow.Version

/** The params of a saved stage, from the metadata directory in Spark's own format. */
private[ml] object SavedParams {

  /** Makes a stage by its uid and gives it the saved params.
    *
    * @return the stage and the whole metadata
    * @throws SavedModelException if there is no metadata, or it is damaged, of a stage of another class, or has params
    *                             that this version does not know
    * @throws IllegalArgumentException if a param is out of its range
    */
  def load[T <: Params](path: String, session: SparkSession, className: String)(
      stage: String => T
  ): (T, JValue) = {
    val directory = new Path(path, "metadata")
    if (!directory.getFileSystem(ParamsMetadata.hadoopConf(session)).exists(directory))
      throw new SavedModelException(
        s"$directory is missing: there is no saved $className at $path; give the directory that save was given"
      )
    val metadata = readable(directory)(ParamsMetadata.load(path, session))
    val found = metadata.className
    if (found != className)
      throw new SavedModelException(
        s"at $path is a $found, expected a $className: load it with ${found.split('.').last}.load"
      )
    val loaded = stage(metadata.uid)
    val unknown = names(metadata.json).filterNot(loaded.hasParam)
    if (unknown.nonEmpty)
      throw new SavedModelException(
        s"$directory has params that SparkFlow ${Version.current} does not know (${unknown.mkString(", ")}): " +
          "it was written by a newer SparkFlow; load it with that version, or upgrade SparkFlow"
      )
    readable(directory)(metadata.setParams(loaded))
    (loaded, metadata.json)
  }

  /** Spark reads damaged metadata with whatever exception comes; its IllegalArgumentExceptions speak for themselves. */
  private def readable[A](directory: Path)(read: => A): A =
    try read
    catch {
      case e: IllegalArgumentException => throw e
      case NonFatal(e) =>
        throw new SavedModelException(
          s"$directory is not the metadata of a stage (${e.getMessage}): ${SavedModelException.restore}",
          e
        )
    }

  private def names(metadata: JValue): Seq[String] =
    Seq("paramMap", "defaultParamMap")
      .map(metadata \ _)
      .collect { case JObject(fields) => fields.map(_._1) }
      .flatten
      .distinct
}
