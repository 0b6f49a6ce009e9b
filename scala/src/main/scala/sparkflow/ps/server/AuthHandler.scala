package sparkflow.ps.server

import java.nio.ByteBuffer
import java.util.concurrent.TimeUnit.NANOSECONDS

import scala.collection.immutable.ArraySeq

import io.netty.channel.{ChannelFutureListener, ChannelHandlerContext, ChannelInboundHandlerAdapter}
import io.netty.handler.ssl.{NotSslRecordException, SslHandshakeCompletionEvent}
import io.netty.util.concurrent.ScheduledFuture
import org.slf4j.LoggerFactory

import sparkflow.ps.ServerConfig
import sparkflow.ps.auth.JobSecret
import sparkflow.ps.protocol._

/** The handshake. Nothing of a peer that has not proven the secret gets past this handler; once it has, the handler puts
  * the one that serves requests in its own place.
  *
  * @param decoder of the same connection; held to the handshake's limits until the peer is accepted
  * @param finished called once, when the handshake ends either way
  */
private[server] final class AuthHandler(
    config: ServerConfig,
    decoder: FrameDecoder,
    requests: RequestHandler,
    refusals: Refusals,
    finished: () => Unit
) extends ChannelInboundHandlerAdapter {
  import AuthHandler._

  private val log = LoggerFactory.getLogger(classOf[AuthHandler])
  private val nonce = JobSecret.randomBytes(32)
  private var deadline: ScheduledFuture[_] = _
  private var open = true

  override def channelActive(ctx: ChannelHandlerContext): Unit = {
    val late: Runnable = () => refuse(ctx, ErrorCode.Handshake, "the handshake took too long")
    deadline = ctx.executor.schedule(late, config.handshakeTimeout.toNanos, NANOSECONDS)
    Outbound.send(ctx, Challenge(ArraySeq.unsafeWrapArray(nonce)))
    ()
  }

  override def channelRead(ctx: ChannelHandlerContext, input: Any): Unit = input match {
    case Frame(Answer(workerNonce, mac), _) =>
      val theirs = workerNonce.toArray
      if (config.secret.verify(mac.toArray, "sparkflow worker", nonce, theirs)) {
        end()
        decoder.admission = requests
        Tls.proven(ctx.pipeline)
        val ours = config.secret.mac("sparkflow server", theirs, nonce)
        Outbound.send(ctx, Accept(ArraySeq.unsafeWrapArray(ours)))
        ctx.pipeline.replace(this, "requests", requests)
        ()
      } else
        refuse(
          ctx,
          ErrorCode.Handshake,
          "the handshake was refused: the worker has not the secret of this fit"
        )
    case _ => refuse(ctx, ErrorCode.Handshake, "the first message must be Answer")
  }

  override def channelInactive(ctx: ChannelHandlerContext): Unit = end()

  override def exceptionCaught(ctx: ChannelHandlerContext, cause: Throwable): Unit = cause match {
    case e: Refused => refuse(ctx, e.code, e.getMessage)
    case e =>
      log.debug(s"handshake with ${ctx.channel.remoteAddress} failed", e)
      end()
      ctx.close()
      ()
  }

  override def userEventTriggered(ctx: ChannelHandlerContext, event: Any): Unit = event match {
    // Why the fit is over, its own workers alone may know.
    case Goodbye(_) => refuse(ctx, ErrorCode.Over, "the fit is over")
    case done: SslHandshakeCompletionEvent if !done.isSuccess =>
      refuse(ctx, ErrorCode.Handshake, noTls, reason(done.cause))
    case _ => ()
  }

  /** @param detail for the log alone */
  private def refuse(
      ctx: ChannelHandlerContext,
      code: Int,
      message: String,
      detail: String = ""
  ): Unit = if (open) {
    end()
    decoder.stop()
    val words =
      if (Tls.dropUnlessEstablished(ctx.pipeline)) s"$message (this fit's wire is TLS 1.3)" else message
    refusals.refused(ctx.channel.remoteAddress, words + detail)
    Outbound.send(ctx, Error(code, words)).addListener(ChannelFutureListener.CLOSE)
    ()
  }

  private def end(): Unit = if (open) {
    open = false
    if (deadline != null) deadline.cancel(false)
    finished()
  }
}

private[server] object AuthHandler {

  /** Most bytes that a peer may send before it has proven the secret. What it must send takes 88, in TLS about 1,000. */
  val maxBytes = 4096

  private val noTls = "no encrypted connection came about"

  // Netty's own words repeat all that the peer has sent.
  private def reason(cause: Throwable): String = cause match {
    case _: NotSslRecordException => ": it speaks no TLS"
    case e                        => s": ${e.getMessage}"
  }
}

/** What may come in until the handshake ends: one Answer, within 4,096 bytes. */
private[server] object HandshakeAdmission extends Admission {
  private val maxFrame = AuthHandler.maxBytes.toLong

  override def header(header: Header): Unit =
    if (header.length > maxFrame || header.length < 0)
      throw new Refused(
        ErrorCode.Malformed,
        s"a frame of more than $maxFrame bytes before the handshake's end"
      )
    else if (header.tag != MessageCodec.tagOf[Answer])
      throw new Refused(ErrorCode.Handshake, s"the first message must be Answer, not tag ${header.tag}")

  override def body(message: Message, length: Long): Seq[ByteBuffer] = Nil
}
