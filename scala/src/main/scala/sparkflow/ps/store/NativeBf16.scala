package sparkflow.ps.store

import java.nio.{ByteBuffer, ByteOrder, ShortBuffer}

/** A vector of bfloat16 outside the JVM's heap, the upper half of a float32 each, as the wire has it.
  *
  * @param pieces the vector in order, cut where [[NativeFloats]] cuts
  */
final class NativeBf16(pieces: Seq[ByteBuffer]) extends FloatSource with FloatSink {
  import NativeFloats.pieceLength

  private val views: Array[ShortBuffer] =
    pieces.map(_.duplicate.order(ByteOrder.LITTLE_ENDIAN).asShortBuffer).toArray

  override def get(from: Int, into: Array[Float], at: Int, count: Int): Unit = {
    val (view, start) = (views(from / pieceLength), from % pieceLength)
    val within = math.min(count, pieceLength - start)
    var i = 0
    while (i < within) {
      into(at + i) = java.lang.Float.intBitsToFloat(view.get(start + i) << 16)
      i += 1
    }
    if (within < count) get(from + within, into, at + within, count - within)
  }

  /** Rounds to the nearest, ties to even. */
  override def put(from: Int, values: Array[Float], at: Int, count: Int): Unit = {
    val (view, start) = (views(from / pieceLength), from % pieceLength)
    val within = math.min(count, pieceLength - start)
    var i = 0
    while (i < within) {
      // Not the raw bits: those of some NaNs would overflow to a zero.
      val bits = java.lang.Float.floatToIntBits(values(at + i))
      view.put(start + i, ((bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16).toShort)
      i += 1
    }
    if (within < count) put(from + within, values, at + within, count - within)
  }
}

object NativeBf16 {

  /** Bytes of each piece of a vector. */
  def pieceBytes(length: Int): Seq[Int] = NativeFloats.pieceBytes(length).map(_ / 2)
}
