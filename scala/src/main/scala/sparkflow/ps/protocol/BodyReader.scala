package sparkflow.ps.protocol

import java.nio.ByteOrder

import io.netty.buffer.ByteBuf

/** Fills a [[Body]] from chunks of any size. Floats are copied in bulk; only one that is cut by a chunk's end is not. */
private[protocol] final class BodyReader {
  private var body = Body.empty
  private var floats = 0 // complete ones
  private var bytes = 0
  private var cut = 0 // the first bytes of a float that a chunk's end has cut, and how many
  private var cutBytes = 0

  def start(empty: Body): Unit = {
    body = empty
    floats = 0
    bytes = 0
  }

  /** The filled body; this reader lets go of it. */
  def take(): Body = {
    val full = body
    body = Body.empty
    full
  }

  /** Takes what it needs from the chunk. @return whether the body is complete */
  def read(chunk: ByteBuf): Boolean = {
    if (floats < body.floats.length) readFloats(chunk)
    if (floats == body.floats.length && bytes < body.bytes.length) {
      val n = math.min(body.bytes.length - bytes, chunk.readableBytes)
      chunk.readBytes(body.bytes, bytes, n)
      bytes += n
    }
    floats == body.floats.length && bytes == body.bytes.length
  }

  private def readFloats(chunk: ByteBuf): Unit = {
    while (cutBytes > 0 && chunk.isReadable) carry(chunk)
    val whole = math.min(body.floats.length - floats, chunk.readableBytes / 4)
    if (whole > 0) {
      val from = chunk.nioBuffer(chunk.readerIndex, 4 * whole).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer
      from.get(body.floats, floats, whole)
      chunk.skipBytes(4 * whole)
      floats += whole
    }
    while (floats < body.floats.length && chunk.isReadable) carry(chunk)
  }

  private def carry(chunk: ByteBuf): Unit = {
    cut |= (chunk.readByte() & 0xff) << (8 * cutBytes)
    cutBytes += 1
    if (cutBytes == 4) {
      body.floats(floats) = java.lang.Float.intBitsToFloat(cut)
      floats += 1
      cut = 0
      cutBytes = 0
    }
  }
}
