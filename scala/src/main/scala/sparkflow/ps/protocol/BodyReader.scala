package sparkflow.ps.protocol

import java.nio.ByteBuffer

import io.netty.buffer.ByteBuf

/** Fills the buffers of a frame's body from chunks of any size. */
private[protocol] final class BodyReader {
  private var body: Seq[ByteBuffer] = Nil
  private var left: List[ByteBuffer] = Nil // duplicates: the body's own positions stay

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

  /** Takes what it needs from the chunk. @return whether the body is complete */
  def read(chunk: ByteBuf): Boolean = {
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
