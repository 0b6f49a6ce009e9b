package sparkflow.files

import java.io.IOException
import java.util.UUID

import scala.util.control.NonFatal

import org.apache.hadoop.conf.Configuration
import org.apache.hadoop.fs.{FileSystem, Path}
import org.slf4j.LoggerFactory

/** A directory that appears under its name whole or not at all: it is written under another name beside it and then
  * renamed, which is atomic on HDFS and local disks. (Object stores copy; then it is the manifest, written last and
  * checked, that tells.)
  */
private[sparkflow] object NewDirectory {
  private val log = LoggerFactory.getLogger("sparkflow.files.NewDirectory")

  /** What the names of directories begin with that are being written; the rest is the final name and something random. */
  val unfinished = ".unfinished-"

  /** @param what  the directory is, for messages
    * @param write fills the directory that it is given
    * @throws IOException naming the path, if it exists, or anything fails; then nothing is left of it
    */
  def apply(path: Path, conf: Configuration, what: String)(write: Path => Unit): Unit = {
    val fs = path.getFileSystem(conf)
    val whole = path.makeQualified(fs.getUri, fs.getWorkingDirectory)
    val draft = new Path(whole.getParent, s"$unfinished${whole.getName}-${UUID.randomUUID()}")
    try {
      if (fs.exists(whole)) throw new IOException("it exists")
      if (!fs.mkdirs(draft)) throw new IOException(s"$draft could not be made") // before any work for it
      write(draft)
      if (!fs.rename(draft, whole)) throw new IOException(s"$draft could not be renamed")
    } catch {
      case NonFatal(e) =>
        discard(fs, draft)
        throw new IOException(s"cannot write $what $whole: ${reason(e)}; $remedy", e)
    }
  }

  /** The innermost reason that has words. */
  private def reason(e: Throwable): String = {
    val causes = Iterator.iterate(e)(_.getCause).takeWhile(_ != null).take(20).toSeq
    causes.reverseIterator.flatMap(c => Option(c.getMessage)).nextOption().getOrElse(e.toString)
  }

  private def discard(fs: FileSystem, draft: Path): Unit =
    try { fs.delete(draft, true); () }
    catch { case NonFatal(e) => log.warn(s"what was written so far is left in $draft", e) }

  private val remedy =
    "nothing is left under that name. Look for free space and the right to write there, then try again"
}
