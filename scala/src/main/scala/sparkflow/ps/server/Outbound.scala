package sparkflow.ps.server

import io.netty.buffer.ByteBuf
import io.netty.channel.{ChannelFuture, ChannelHandlerContext}

private[server] object Outbound {

  /** Writes and flushes the pieces of one frame. @return the future of the last one */
  def send(ctx: ChannelHandlerContext, pieces: Seq[ByteBuf]): ChannelFuture = {
    pieces.init.foreach(ctx.write)
    ctx.writeAndFlush(pieces.last)
  }
}

/** Told to each connection when the server closes: say so, and close. */
private[server] final case class Goodbye(message: String)
