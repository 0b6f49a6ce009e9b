package sparkflow.ps.protocol

import io.netty.buffer.{ByteBuf, ByteBufAllocator}

/** Frames to buffers, in the order in which the caller is to write them. */
object FrameEncoder {

  /** @param body its bytes are sent as they are, without a copy; ownership passes to the result */
  def encode(allocator: ByteBufAllocator, message: Message, body: Seq[ByteBuf] = Nil): Seq[ByteBuf] = {
    val head = MessageCodec.write(message, body.map(_.readableBytes.toLong).sum)
    allocator.directBuffer(head.length).writeBytes(head) +: body
  }
}
