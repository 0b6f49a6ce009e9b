package sparkflow.ps.server

import io.netty.buffer.ByteBuf
import io.netty.channel.{ChannelDuplexHandler, ChannelHandlerContext, ChannelPromise}

/** Counts the bytes of a connection, and tells them when it has closed. */
private[server] final class Meter(counters: Counters) extends ChannelDuplexHandler {
  private var received = 0L
  private var sent = 0L

  override def channelRead(ctx: ChannelHandlerContext, input: Any): Unit = {
    received += input.asInstanceOf[ByteBuf].readableBytes
    ctx.fireChannelRead(input)
    ()
  }

  override def write(ctx: ChannelHandlerContext, output: Any, promise: ChannelPromise): Unit = {
    sent += output.asInstanceOf[ByteBuf].readableBytes
    ctx.write(output, promise)
    ()
  }

  override def channelInactive(ctx: ChannelHandlerContext): Unit = {
    counters.moved(received, sent)
    ctx.fireChannelInactive()
    ()
  }
}
