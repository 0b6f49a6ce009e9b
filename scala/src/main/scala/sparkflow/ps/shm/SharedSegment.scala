package sparkflow.ps.shm

import java.io.IOException
import java.nio.{ByteBuffer, MappedByteBuffer}
import java.nio.channels.FileChannel
import java.nio.file.{Files, Path, StandardOpenOption}
import java.nio.file.attribute.PosixFilePermissions
import java.util.HexFormat

/** Memory that one worker on this host maps, too: its gradient, then, from a page boundary on, the weights for it. The
  * file that names it is gone as soon as the worker has it; the memory lives until both sides have let go of it, so that
  * whoever is killed, nothing stays behind.
  */
final class SharedSegment private (
    val path: Path,
    val length: Long,
    val weightsOffset: Long,
    maps: Seq[(MappedByteBuffer, Boolean)]
) {

  /** The two vectors, in pieces of the sizes that were asked for. */
  val gradient: Seq[ByteBuffer] = maps.collect { case (map, false) => map }
  val weights: Seq[ByteBuffer] = maps.collect { case (map, true) => map }

  private var mapped = true

  /** Takes the name away. */
  def unlink(): Unit = {
    Files.deleteIfExists(path)
    ()
  }

  /** Frees this side's hold at once. The buffers must not be touched any more: that would crash the JVM. */
  def close(): Unit = synchronized {
    unlink()
    if (mapped) maps.foreach { case (map, _) => SharedSegment.unmap(map) }
    mapped = false
  }
}

object SharedSegment {

  /** Where Linux keeps shared memory. */
  val directory: Path = Path.of("/dev/shm")

  /** @param name of the file, not to be guessed by others
    * @param pieces bytes of each piece of one vector
    * @throws java.io.IOException if the directory is not there, not writable or too small; nothing is left behind
    */
  def create(directory: Path, name: Array[Byte], pieces: Seq[Int]): SharedSegment = {
    val path = directory.resolve(s"sparkflow-${HexFormat.of().formatHex(name)}")
    val vector = pieces.map(_.toLong).sum
    val weightsOffset = (vector + page - 1) / page * page
    val length = weightsOffset + vector
    val owner = PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"))
    val options = java.util.Set.of(
      StandardOpenOption.CREATE_NEW,
      StandardOpenOption.READ,
      StandardOpenOption.WRITE
    )
    val file = FileChannel.open(path, options, owner)
    try {
      occupy(file, length)
      val maps = for {
        (start, isWeights) <- Seq((0L, false), (weightsOffset, true))
        (bytes, from) <- pieces.zip(pieces.scanLeft(start)(_ + _))
      } yield (file.map(FileChannel.MapMode.READ_WRITE, from, bytes.toLong), isWeights)
      new SharedSegment(path, length, weightsOffset, maps)
    } catch {
      case e: IOException =>
        Files.deleteIfExists(path)
        throw e
    } finally file.close()
  }

  // Writes every page: a mapped page that there is no room for would be a SIGBUS later, not an exception now.
  private def occupy(file: FileChannel, length: Long): Unit = {
    val zeros = ByteBuffer.allocateDirect(1 << 20)
    var left = length
    while (left > 0) {
      zeros.clear().limit(math.min(left, zeros.capacity.toLong).toInt)
      left -= file.write(zeros)
    }
  }

  private val page = 4096L

  // The only way to unmap before a garbage collection that may never come; the JDK keeps it for this use.
  private val unmap: ByteBuffer => Unit = {
    val kind = Class.forName("sun.misc.Unsafe")
    val field = kind.getDeclaredField("theUnsafe")
    field.setAccessible(true)
    val unsafe = field.get(null)
    val cleaner = kind.getMethod("invokeCleaner", classOf[ByteBuffer])
    buffer => { cleaner.invoke(unsafe, buffer); () }
  }
}
