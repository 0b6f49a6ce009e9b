package sparkflow.ps.store

import java.nio.{ByteBuffer, ByteOrder, FloatBuffer}

/** A vector of float32 outside the JVM's heap, little-endian, as the wire and shared memory have it. Who made the
  * buffers owns and frees them.
  *
  * @param pieces the vector in order; each but the last holds exactly [[NativeFloats.pieceLength]] values, as a Java
  *   buffer can't hold all of a large model
  */
final class NativeFloats(pieces: Seq[ByteBuffer]) extends FloatSource with FloatSink {
  import NativeFloats.pieceLength

  private val views: Array[FloatBuffer] =
    pieces.map(_.duplicate.order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer).toArray

  require(views.dropRight(1).forall(_.remaining == pieceLength), "only the last piece may be short")

  val length: Int = math.toIntExact(views.map(_.remaining.toLong).sum)

  /** The same memory as bytes; positions and limits are the caller's own. */
  def bytes: Seq[ByteBuffer] = pieces.map(_.duplicate)

  override def get(from: Int, into: Array[Float], at: Int, count: Int): Unit = {
    val within = math.min(count, pieceLength - from % pieceLength)
    views(from / pieceLength).get(from % pieceLength, into, at, within)
    if (within < count) get(from + within, into, at + within, count - within)
  }

  def toArray: Array[Float] = {
    val all = new Array[Float](length)
    var from = 0
    views.foreach { view =>
      view.get(0, all, from, view.remaining)
      from += view.remaining
    }
    all
  }

  override def put(from: Int, values: Array[Float], at: Int, count: Int): Unit = {
    val within = math.min(count, pieceLength - from % pieceLength)
    views(from / pieceLength).put(from % pieceLength, values, at, within)
    if (within < count) put(from + within, values, at + within, count - within)
  }
}

object NativeFloats {

  /** Values of a piece: 1 GiB, a multiple of every shard's length. */
  val pieceLength: Int = 1 << 28

  /** Bytes of each piece of a vector. */
  def pieceBytes(length: Int): Seq[Int] =
    (0L until length.toLong by pieceLength.toLong).map(from =>
      4 * math.min(length - from, pieceLength.toLong).toInt
    )
}
