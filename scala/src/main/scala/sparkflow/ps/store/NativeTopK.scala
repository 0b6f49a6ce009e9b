package sparkflow.ps.store

import java.nio.{ByteBuffer, ByteOrder, IntBuffer}

/** A vector that is zero but for a few values, outside the JVM's heap, as the wire has it.
  *
  * @param length of the vector
  * @param indices int32, of the values that are given
  * @param values float32, in the order of the indices
  * @throws IllegalArgumentException if the indices do not ascend from 0 or more to less than the length
  */
final class NativeTopK(length: Int, indices: ByteBuffer, values: ByteBuffer) extends FloatSource {
  private val numbers: IntBuffer = indices.duplicate.order(ByteOrder.LITTLE_ENDIAN).asIntBuffer
  private val floats = values.duplicate.order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer
  private val size = numbers.remaining

  check()

  override def get(from: Int, into: Array[Float], at: Int, count: Int): Unit = {
    java.util.Arrays.fill(into, at, at + count, 0f)
    var i = firstFrom(from)
    while (i < size && numbers.get(i) - from < count) {
      into(at + numbers.get(i) - from) = floats.get(i)
      i += 1
    }
  }

  /** Number of the first index that is not below `index`. */
  private def firstFrom(index: Int): Int = {
    var low = 0
    var high = size
    while (low < high) {
      val middle = (low + high) >>> 1
      if (numbers.get(middle) < index) low = middle + 1 else high = middle
    }
    low
  }

  private def check(): Unit = {
    var last = -1
    var i = 0
    while (i < size) {
      val next = numbers.get(i)
      require(
        next > last && next < length,
        s"index $next comes after $last: indices must ascend and be below $length"
      )
      last = next
      i += 1
    }
  }
}

object NativeTopK {

  /** Values that are given of a vector: 5 %, rounded up. */
  def share(length: Int): Int = ((length.toLong + 19) / 20).toInt

  /** Bytes of the indices, and of the values. */
  def pieceBytes(length: Int): Seq[Int] = Seq.fill(2)(4 * share(length))
}
