package sparkflow.files

import java.io.{FilterOutputStream, IOException, OutputStream}
import java.net.URI

import org.apache.hadoop.conf.Configuration
import org.apache.hadoop.fs.{FSDataOutputStream, Path, RawLocalFileSystem}
import org.apache.hadoop.fs.permission.FsPermission
import org.apache.hadoop.util.Progressable

/** The local file system, as `small://…`, with room for so many bytes more. */
final class SmallDisk extends RawLocalFileSystem {
  override def getScheme: String = SmallDisk.scheme
  override def getUri: URI = URI.create(s"${SmallDisk.scheme}:///")

  override def create(
      path: Path,
      overwrite: Boolean,
      buffer: Int,
      replication: Short,
      block: Long,
      progress: Progressable
  ): FSDataOutputStream =
    limited(super.create(path, overwrite, buffer, replication, block, progress))

  override def create(
      path: Path,
      permission: FsPermission,
      overwrite: Boolean,
      buffer: Int,
      replication: Short,
      block: Long,
      progress: Progressable
  ): FSDataOutputStream =
    limited(super.create(path, permission, overwrite, buffer, replication, block, progress))

  private def limited(out: OutputStream) = new FSDataOutputStream(new Limited(out), null)

  private final class Limited(out: OutputStream) extends FilterOutputStream(out) {
    override def write(byte: Int): Unit = { SmallDisk.take(1); out.write(byte) }
    override def write(bytes: Array[Byte], from: Int, count: Int): Unit = {
      SmallDisk.take(count)
      out.write(bytes, from, count)
    }
  }
}

object SmallDisk {
  val scheme = "small"

  @volatile var room: Long = Long.MaxValue

  def register(conf: Configuration): Configuration = {
    conf.set(s"fs.$scheme.impl", classOf[SmallDisk].getName)
    conf
  }

  private def take(bytes: Int): Unit = synchronized {
    if (bytes > room) throw new IOException("No space left on device")
    room -= bytes
  }

  /** Runs `body` with so much room. */
  def withRoom[A](bytes: Long)(body: => A): A = {
    room = bytes
    try body
    finally room = Long.MaxValue
  }
}
