package sparkflow.ps.server

import io.netty.buffer.ByteBuf
import io.netty.channel.{ChannelFuture, ChannelHandlerContext}

import sparkflow.ps.protocol.{FrameEncoder, Message}

private[server] object Outbound {

  /** Writes and flushes one frame. @return the future of its last byte */
  def send(ctx: ChannelHandlerContext, message: Message, body: Seq[ByteBuf] = Nil): ChannelFuture = {
    val pieces = FrameEncoder.encode(ctx.alloc, message, body)
    pieces.init.foreach(ctx.write)
    ctx.writeAndFlush(pieces.last)
  }
}

/** Told to each connection when the server closes: say so, and close. */
private[server] final case class Goodbye(message: String)
