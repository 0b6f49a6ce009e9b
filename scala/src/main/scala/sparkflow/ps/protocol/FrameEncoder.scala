package sparkflow.ps.protocol

import java.nio.ByteOrder

import scala.collection.mutable.ArrayBuffer

import io.netty.buffer.{ByteBuf, ByteBufAllocator}

/** Frames to pooled buffers. */
object FrameEncoder {

  // Netty's pool serves buffers up to its chunk size, 4 MiB by default; a multiple of 4.
  private val piece = 4 << 20

  /** Copies a frame, in bulk, into as few buffers as the pool serves: one up to 4 MiB. The arrays may change afterwards.
    * The buffers belong to the caller, who writes them in this order.
    */
  def encode(allocator: ByteBufAllocator, message: Message, body: Body): Seq[ByteBuf] = {
    val head = MessageCodec.write(message, body.length)
    val pieces = ArrayBuffer.empty[ByteBuf]
    var left = body.length

    def add(extra: Int): ByteBuf = {
      val next = allocator.directBuffer(extra + math.min(left, piece.toLong).toInt)
      pieces += next
      next
    }

    def room(): ByteBuf = if (pieces.last.isWritable) pieces.last else add(0)

    try {
      add(head.length).writeBytes(head)
      var floats = 0
      while (floats < body.floats.length) {
        val out = room()
        val n = math.min(out.writableBytes / 4, body.floats.length - floats)
        val at = out.writerIndex
        out.nioBuffer(at, 4 * n).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer.put(body.floats, floats, n)
        out.writerIndex(at + 4 * n)
        floats += n
        left -= 4L * n
      }
      var bytes = 0
      while (bytes < body.bytes.length) {
        val out = room()
        val n = math.min(out.writableBytes, body.bytes.length - bytes)
        out.writeBytes(body.bytes, bytes, n)
        bytes += n
        left -= n
      }
      pieces.toSeq
    } catch {
      case e: Throwable =>
        pieces.foreach(_.release())
        throw e
    }
  }
}
