package sparkflow.files

import java.io.{EOFException, InputStream, OutputStream}
import java.nio.charset.StandardCharsets.UTF_8
import java.security.{DigestInputStream, DigestOutputStream, MessageDigest}

import scala.util.Using

import org.apache.hadoop.conf.Configuration
import org.apache.hadoop.fs.{ChecksumException, FileSystem, Path}
import org.json4s.JObject
import org.json4s.JsonDSL._

/** What is known of a file.
  *
  * @param sha256 of its content, lower-case hex
  */
private[sparkflow] final case class FileEntry(bytes: Long, sha256: String) {
  def toJson: JObject = ("bytes" -> bytes) ~ ("sha256" -> sha256)
}

/** The files of one directory on any Hadoop file system, each held to its length and SHA-256 when it is read. They are
  * listed in a manifest, whose own SHA-256 is in a file beside it.
  *
  * @param remedy what a person is to do about damaged files
  * @param error  makes the exception that says what is wrong
  */
private[sparkflow] final class CheckedFiles(
    directory: Path,
    conf: Configuration,
    remedy: String,
    error: (String, Throwable) => RuntimeException
) {
  import CheckedFiles._

  private val fs: FileSystem = directory.getFileSystem(conf)

  def path(name: String): Path = new Path(directory, name)

  /** @throws java.io.IOException if the file exists, or the file system refuses */
  def create(name: String)(write: OutputStream => Unit): FileEntry = {
    val digest = sha256
    val out = fs.create(path(name), false)
    Using.resource(new DigestOutputStream(out, digest))(write)
    FileEntry(out.getPos, hex(digest.digest()))
  }

  /** Reads a file whose length is the entry's, and holds it to its SHA-256 once all of it was read. */
  def read[A](name: String, entry: FileEntry)(read: InputStream => A): A = {
    val where = path(name)
    val length = present(where)(fs.getFileStatus(where).getLen)
    if (length != entry.bytes)
      throw error(
        s"$where has $length bytes, but $manifest says ${entry.bytes}: it was cut or altered; $remedy",
        null
      )
    val digest = sha256
    val value = present(where)(Using.resource(new DigestInputStream(fs.open(where), digest))(read))
    if (hex(digest.digest()) != entry.sha256.toLowerCase) throw altered(where, null)
    value
  }

  def readText(name: String, entry: FileEntry): String =
    new String(read(name, entry)(_.readAllBytes()), UTF_8)

  /** Writes the manifest, last of all files: a directory without one is not whole. */
  def createManifest(json: String): Unit = {
    val bytes = json.getBytes(UTF_8)
    create(seal)(_.write(hex(sha256.digest(bytes)).getBytes(UTF_8)))
    create(manifest)(_.write(bytes))
    ()
  }

  def readManifest(): String = new String(bytes(manifest), UTF_8)

  /** Holds the manifest to its SHA-256. Callers do this last, as what is wrong with a manifest can mostly be told better.
    *
    * @param required or there may be no SHA-256
    */
  def checkManifest(required: Boolean): Unit =
    if (required || fs.exists(path(seal))) {
      val expected = new String(bytes(seal), UTF_8)
      if (hex(sha256.digest(bytes(manifest))) != expected) throw altered(path(manifest), null)
    }

  private def bytes(name: String): Array[Byte] =
    present(path(name))(Using.resource(fs.open(path(name)))(_.readAllBytes()))

  private def present[A](where: Path)(read: => A): A =
    try {
      if (!fs.exists(where)) throw error(s"$where is missing: $remedy", null)
      read
    } catch {
      // Hadoop's own check of local files comes before ours.
      case e: ChecksumException => throw altered(where, e)
      case e: EOFException      => throw altered(where, e)
    }

  private def altered(where: Path, cause: Throwable) =
    error(s"$where was altered since it was saved, its SHA-256 is not the one recorded: $remedy", cause)
}

private[sparkflow] object CheckedFiles {
  val manifest = "manifest.json"
  val seal = "manifest.sha256"

  /** Of what files whose names do not begin with `_` or `.` hold, one after the other. */
  def entryOf(directory: Path, conf: Configuration): FileEntry = {
    val fs = directory.getFileSystem(conf)
    val files = fs.listStatus(directory).toSeq.map(_.getPath).filterNot(p => "_.".contains(p.getName.head))
    val digest = sha256
    val lengths = files.sortBy(_.getName).map { file =>
      val bytes = Using.resource(fs.open(file))(_.readAllBytes())
      digest.update(bytes)
      bytes.length.toLong
    }
    FileEntry(lengths.sum, hex(digest.digest()))
  }

  /** Of a text, as lower-case hex. */
  def sha256Of(text: String): String = hex(sha256.digest(text.getBytes(UTF_8)))

  private def sha256 = MessageDigest.getInstance("SHA-256")
  private def hex(digest: Array[Byte]): String = digest.map(b => f"$b%02x").mkString
}
