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

  override def get(from: Int, into: Array[Float], count: Int): Unit = {
    val (view, start) = (views(from / pieceLength), from % pieceLength)
    var i = 0
    while (i < count) {
      into(i) = java.lang.Float.intBitsToFloat(view.get(start + i) << 16)
      i += 1
    }
  }

  /** Rounds to the nearest, ties to even. */
  override def put(from: Int, values: Array[Float], count: Int): Unit = {
    val (view, start) = (views(from / pieceLength), from % pieceLength)
    var i = 0
    while (i < count) {
      // Not the raw bits: those of some NaNs would overflow to a zero.
      val bits = java.lang.Float.floatToIntBits(values(i))
      view.put(start + i, ((bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16).toShort)
      i += 1
    }
  }
}

object NativeBf16 {

  /** Bytes of each piece of a vector. */
  def pieceBytes(length: Int): Seq[Int] = NativeFloats.pieceBytes(length).map(_ / 2)
}
