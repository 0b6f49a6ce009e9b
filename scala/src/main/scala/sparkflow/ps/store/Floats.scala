package sparkflow.ps.store

import java.io.{DataInputStream, InputStream, OutputStream}
import java.nio.{ByteBuffer, ByteOrder}

/** Floats as little-endian bytes, a chunk at a time: the arrays may be larger than a byte array can be. */
private[sparkflow] object Floats {

  def write(values: Array[Float], out: OutputStream): Unit = {
    val buffer = little(chunk)
    eachChunk(values.length) { (from, count) =>
      buffer.clear()
      buffer.asFloatBuffer().put(values, from, count)
      out.write(buffer.array, 0, count * 4)
    }
  }

  /** Reads as many floats as the array holds.
    *
    * @throws java.io.EOFException if the stream ends before
    */
  def read(in: InputStream, values: Array[Float]): Unit = {
    val data = new DataInputStream(in)
    val buffer = little(chunk)
    eachChunk(values.length) { (from, count) =>
      data.readFully(buffer.array, 0, count * 4)
      buffer.clear()
      buffer.asFloatBuffer().get(values, from, count)
    }
  }

  def toBytes(values: Array[Float], from: Int, count: Int): Array[Byte] = {
    val buffer = little(count * 4)
    buffer.asFloatBuffer().put(values, from, count)
    buffer.array
  }

  def fromBytes(bytes: Array[Byte]): Array[Float] = {
    val values = new Array[Float](bytes.length / 4)
    ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().get(values)
    values
  }

  private def eachChunk(length: Int)(body: (Int, Int) => Unit): Unit = {
    var from = 0
    while (from < length) {
      val count = math.min(chunk / 4, length - from)
      body(from, count)
      from += count
    }
  }

  private def little(bytes: Int): ByteBuffer = ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN)

  private val chunk = 1 << 20 // bytes; large enough that calls into the file system don't count
}
