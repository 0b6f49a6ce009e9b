package sparkflow.ps.server

import io.netty.buffer.{ByteBuf, ByteBufAllocator}
import io.netty.channel.{AdaptiveRecvByteBufAllocator, ChannelConfig, RecvByteBufAllocator}
import io.netty.channel.RecvByteBufAllocator.ExtendedHandle
import io.netty.util.UncheckedBooleanSupplier

import sparkflow.ps.protocol.FrameDecoder

/** Lets the socket read a body straight to its place, so that a gradient is copied once, by the kernel. Only where the
  * decoder is the first to see the bytes: they must not be encrypted.
  */
private[server] final class ReadInPlace(decoder: FrameDecoder) extends RecvByteBufAllocator {

  // Headers and short frames. What is large is read in place.
  private val usual = new AdaptiveRecvByteBufAllocator()

  override def newHandle(): ExtendedHandle = {
    val handle = usual.newHandle().asInstanceOf[ExtendedHandle]
    new ExtendedHandle {
      override def allocate(allocator: ByteBufAllocator): ByteBuf = {
        val room = decoder.room()
        if (room != null) room else handle.allocate(allocator)
      }
      override def guess(): Int = handle.guess()
      override def reset(config: ChannelConfig): Unit = handle.reset(config)
      override def incMessagesRead(count: Int): Unit = handle.incMessagesRead(count)
      override def lastBytesRead(bytes: Int): Unit = handle.lastBytesRead(bytes)
      override def lastBytesRead(): Int = handle.lastBytesRead()
      override def attemptedBytesRead(bytes: Int): Unit = handle.attemptedBytesRead(bytes)
      override def attemptedBytesRead(): Int = handle.attemptedBytesRead()
      override def continueReading(): Boolean = handle.continueReading()
      override def continueReading(more: UncheckedBooleanSupplier): Boolean = handle.continueReading(more)
      override def readComplete(): Unit = handle.readComplete()
    }
  }
}
