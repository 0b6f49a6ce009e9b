package sparkflow.ps.store

import java.nio.{ByteBuffer, ByteOrder}

/** A vector of signed bytes outside the JVM's heap, each block of them with a scale of its own, as the wire has it. A
  * scale that is not finite makes its whole block so.
  *
  * @param scales float32, one for each block of [[NativeInt8.blockLength]] values
  * @param values one byte each
  */
final class NativeInt8(scales: ByteBuffer, values: ByteBuffer) extends FloatSource {
  import NativeInt8.blockLength

  private val factors = scales.duplicate.order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer
  private val bytes = values.duplicate.slice()

  override def get(from: Int, into: Array[Float], at: Int, count: Int): Unit = {
    var i = 0
    while (i < count) {
      val block = (from + i) / blockLength
      val scale = factors.get(block)
      // Zero times infinity is NaN, so nothing of such a block gets through as a number.
      val end = math.min(count.toLong, (block + 1L) * blockLength - from).toInt
      while (i < end) {
        into(at + i) = scale * bytes.get(from + i)
        i += 1
      }
    }
  }
}

object NativeInt8 {

  /** Values with one scale. */
  val blockLength: Int = 1024

  /** Bytes of the scales, and of the values. */
  def pieceBytes(length: Int): Seq[Int] =
    Seq(4 * ((length.toLong + blockLength - 1) / blockLength).toInt, length)
}
