package sparkflow.ps.protocol

import java.nio.ByteBuffer

import io.netty.buffer.{ByteBuf, Unpooled}

/** Fills the buffers of a frame's body from chunks of any size. */
private[protocol] final class BodyReader {
  private var body: Seq[ByteBuffer] = Nil
  private var left: List[ByteBuffer] = Nil // duplicates: the body's own positions stay
  private var lent: ByteBuf = _ // the next bytes of the body themselves

  def start(empty: Seq[ByteBuffer]): Unit = {
    body = empty
    left = empty.map(_.duplicate).toList
  }

  /** The filled body; this reader lets go of it. */
  def take(): Seq[ByteBuffer] = {
    val full = body
    body = Nil
    full
  }

  /** The next part of the body, for the socket to read into; null where that would not be worth it. What was read comes
    * back by `read`, before anything else does.
    */
  def room(): ByteBuf = {
    while (left.nonEmpty && !left.head.hasRemaining) left = left.tail
    lent =
      if (left.isEmpty || !left.head.isDirect || left.head.remaining < BodyReader.leastRoom) null
      else Unpooled.wrappedBuffer(left.head.slice()).clear()
    lent
  }

  /** Takes what it needs from the chunk. @return whether the body is complete */
  def read(chunk: ByteBuf): Boolean = {
    if (chunk eq lent) {
      lent = null
      left.head.position(left.head.position() + chunk.readableBytes)
      chunk.skipBytes(chunk.readableBytes)
    }
    while (left.nonEmpty && (chunk.isReadable || !left.head.hasRemaining)) {
      val next = left.head
      val end = next.limit()
      next.limit(math.min(end.toLong, next.position() + chunk.readableBytes.toLong).toInt)
      chunk.readBytes(next)
      next.limit(end)
      if (!next.hasRemaining) left = left.tail
    }
    left.isEmpty
  }
}

private object BodyReader {
  // Less than this comes in with one read of the usual size, maybe together with the next frame.
  private val leastRoom = 1 << 16
}
