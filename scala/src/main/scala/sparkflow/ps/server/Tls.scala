package sparkflow.ps.server

import io.netty.buffer.{ByteBuf, ByteBufAllocator}
import io.netty.channel._
import io.netty.handler.ssl.{SslContextBuilder, SslHandler, SslProvider}
import io.netty.handler.stream.{ChunkedInput, ChunkedWriteHandler}

import sparkflow.ps.auth.FitCertificate
import sparkflow.ps.protocol.{ErrorCode, Refused}

/** TLS 1.3 between the socket and the frames. It proves to the worker who the server is; who the worker is, its Answer
  * proves, inside.
  */
private[server] final class Tls(certificate: FitCertificate) {
  private val context = SslContextBuilder
    .forServer(certificate.key, certificate.certificate)
    .sslProvider(SslProvider.JDK) // the one that is there on every platform
    .protocols("TLSv1.3")
    .build()

  /** Adds it at the end of a new connection's pipeline.
    *
    * @param unproven most bytes of a peer that has not proven the secret
    */
  def addTo(channel: Channel, unproven: Int): Unit = {
    val handler = context.newHandler(channel.alloc)
    handler.setHandshakeTimeoutMillis(0) // the deadline of our own handshake is one for both
    channel.pipeline
      .addLast(Tls.limit, new UnprovenBytes(unproven))
      .addLast("tls", handler)
      .addLast("slices", new ChunkedWriteHandler)
      .addLast("slicing", Slicing)
    ()
  }
}

private[server] object Tls {
  private val limit = "unproven"

  /** The peer has proven the secret: it may send as much as the frames allow. */
  def proven(pipeline: ChannelPipeline): Unit = if (pipeline.get(limit) != null) {
    pipeline.remove(limit)
    ()
  }

  /** Takes TLS away from a connection on which it has not come about, so that a peer that speaks none can be told why it
    * is refused.
    *
    * @return whether it did
    */
  def dropUnlessEstablished(pipeline: ChannelPipeline): Boolean = {
    val handler = pipeline.get(classOf[SslHandler])
    val drop = handler != null && !handler.handshakeFuture.isSuccess
    if (drop) pipeline.remove(handler)
    drop
  }
}

/** Counts what a peer sends before it has proven the secret, the messages of TLS included. */
private[server] final class UnprovenBytes(most: Int) extends ChannelInboundHandlerAdapter {
  private var left = most

  override def channelRead(ctx: ChannelHandlerContext, input: Any): Unit = {
    val bytes = input.asInstanceOf[ByteBuf]
    left -= math.min(left + 1, bytes.readableBytes)
    if (left >= 0) {
      ctx.fireChannelRead(input)
      ()
    } else {
      bytes.release()
      ctx.fireExceptionCaught(
        new Refused(ErrorCode.Malformed, s"more than $most bytes before the handshake's end")
      )
      ()
    }
  }
}

/** Hands large buffers to TLS bit by bit, as fast as the peer takes them. It would encrypt them at once, into as much
  * memory again.
  */
@ChannelHandler.Sharable
private[server] object Slicing extends ChannelOutboundHandlerAdapter {
  override def write(ctx: ChannelHandlerContext, output: Any, promise: ChannelPromise): Unit = {
    output match {
      case bytes: ByteBuf if bytes.readableBytes > Slices.size => ctx.write(new Slices(bytes), promise)
      case _                                                   => ctx.write(output, promise)
    }
    ()
  }
}

private[server] final class Slices(bytes: ByteBuf) extends ChunkedInput[ByteBuf] {
  override val length: Long = bytes.readableBytes.toLong
  override def progress: Long = length - bytes.readableBytes
  override def isEndOfInput: Boolean = !bytes.isReadable
  override def readChunk(allocator: ByteBufAllocator): ByteBuf =
    bytes.readRetainedSlice(math.min(Slices.size, bytes.readableBytes))
  override def readChunk(ctx: ChannelHandlerContext): ByteBuf = readChunk(ctx.alloc)
  override def close(): Unit = {
    bytes.release()
    ()
  }
}

private[server] object Slices {
  val size: Int = 1 << 17 // bytes; 8 records of TLS
}
