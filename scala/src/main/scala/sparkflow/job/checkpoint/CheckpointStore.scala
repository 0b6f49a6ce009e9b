package sparkflow.job.checkpoint

import java.io.{FileNotFoundException, IOException}
import java.util.UUID

import scala.util.Using
import scala.util.control.NonFatal

import org.apache.hadoop.conf.Configuration
import org.apache.hadoop.fs.{FileSystem, Path}
import org.slf4j.LoggerFactory

import sparkflow.files.NewDirectory

/** The checkpoints of one fit: a directory on any Hadoop file system with a directory for each, named for the updates that
  * the weights have had.
  *
  * @param keep the newest that stay, 1 or more
  */
private[job] final class CheckpointStore(directory: String, keep: Int, conf: Configuration) {
  import CheckpointStore._

  private val root = new Path(directory)
  private val fs: FileSystem =
    try root.getFileSystem(conf)
    catch {
      case NonFatal(e) =>
        throw new IllegalArgumentException(
          s"checkpointDir is '$directory', which no file system here can hold (${e.getMessage}): give a path, or the URI " +
            "of a file system that Spark knows",
          e
        )
    }

  /** Makes the directory, and sees that a file can be written and renamed there.
    *
    * @throws IllegalArgumentException if that is not so
    */
  def prepare(): Unit = {
    val probe = new Path(root, s".probe-${UUID.randomUUID()}")
    try {
      fs.mkdirs(root)
      Using.resource(fs.create(probe, false))(_.write(1))
      if (!fs.rename(probe, probe.suffix("-renamed")))
        throw new IOException("a file could not be renamed there")
      fs.delete(probe.suffix("-renamed"), false)
      ()
    } catch {
      case NonFatal(e) =>
        throw new IllegalArgumentException(
          s"checkpointDir is '$directory', where nothing can be written ($e): give a directory that the driver may write to",
          e
        )
    }
  }

  /** The newest that is whole; those after it that are damaged are logged.
    *
    * @throws IllegalArgumentException if there are some, and all are damaged
    */
  def latest(): Option[Checkpoint] = {
    val found = names.reverse
    val read = found.iterator.flatMap { name =>
      try Some(new CheckpointFiles(new Path(root, name), conf).read())
      catch {
        case e: DamagedCheckpointException =>
          log.warn(s"checkpoint $name in $directory is passed over for the one before: ${e.getMessage}")
          None
      }
    }
    val newest = read.nextOption()
    if (newest.isEmpty && found.nonEmpty)
      throw new IllegalArgumentException(
        s"checkpointDir is '$directory', whose checkpoints are all damaged (${found.mkString(", ")}; the log says how): restore " +
          "them from a copy, or set resume to false and another checkpointDir to start anew"
      )
    newest
  }

  def isEmpty: Boolean = names.isEmpty

  /** Writes it, and takes away those that are more than `keep`. One of the same step that is there already is as good.
    *
    * @throws IOException naming the path; nothing is left under its name
    */
  def save(checkpoint: Checkpoint): Unit = {
    val name = nameOf(checkpoint.fit.store.version)
    if (!names.contains(name))
      NewDirectory(new Path(root, name), conf, "checkpoint")(new CheckpointFiles(_, conf).write(checkpoint))
    names.dropRight(keep).foreach(old => fs.delete(new Path(root, old), true))
  }

  /** Takes away what a driver that was killed had not finished. */
  def clean(): Unit = children.filter(_.startsWith(NewDirectory.unfinished)).foreach { name =>
    fs.delete(new Path(root, name), true)
  }

  private def names: Seq[String] = children.filter(_.startsWith(prefix)).sorted

  private def children: Seq[String] =
    try fs.listStatus(root).toSeq.map(_.getPath.getName)
    catch { case _: FileNotFoundException => Nil }
}

private[job] object CheckpointStore {
  private val log = LoggerFactory.getLogger(classOf[CheckpointStore])
  private val prefix = "step-"

  /** Names sort as their steps do. */
  def nameOf(step: Long): String = f"$prefix$step%012d"
}
