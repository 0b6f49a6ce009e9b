package sparkflow.ps.server

import java.io.IOException
import java.nio.ByteBuffer
import java.util.concurrent.RejectedExecutionException
import java.util.concurrent.TimeUnit.NANOSECONDS

import scala.concurrent.duration.FiniteDuration

import io.netty.buffer.ByteBuf
import io.netty.channel.{
  ChannelFuture,
  ChannelFutureListener,
  ChannelHandlerContext,
  ChannelInboundHandlerAdapter
}
import io.netty.channel.socket.DuplexChannel
import io.netty.handler.timeout.IdleStateEvent
import org.slf4j.LoggerFactory

import sparkflow.ps.ServerConfig
import sparkflow.ps.protocol._

/** The half of a connection that knows how to answer, to refuse and to end, whatever the requests are. An exception
  * from a request becomes an Error, never silence.
  *
  * @param decoder of the same connection
  */
private[server] abstract class AnsweringHandler(config: ServerConfig, decoder: FrameDecoder)
    extends ChannelInboundHandlerAdapter {
  private val log = LoggerFactory.getLogger(getClass)
  protected var ctx: ChannelHandlerContext = _
  private var busy = false
  private var writing = false
  private var ended = false
  private var lastWords: ChannelFuture = _ // the Error, once ended by one
  private val silence = new SignsOfLife.Silence

  /** Serves one request: answers now, or later on the event loop. */
  protected def request(message: Message, body: Seq[ByteBuffer]): Unit

  /** The connection serves no more. Called at least once; its requests are over. */
  protected def left(): Unit

  /** The peer has given no sign of life for so long. */
  protected def silent(time: FiniteDuration): Unit

  /** For how many times `workerTimeout` the peer may be silent. */
  protected def patience: Int

  /** A request, or the frame of one, was met by an exception. */
  protected def refusing(cause: Throwable): Unit

  /** Whether a request is being answered: until the last byte of the answer is written. */
  protected def isBusy: Boolean = busy

  protected def hasEnded: Boolean = ended

  /** @param body sent as it is; must not change before the peer has it, which its next request shows */
  protected def answer(message: Message, body: Seq[ByteBuf] = Nil): Unit = {
    writing = true
    val written: ChannelFutureListener = _ => {
      writing = false
      busy = false
    }
    Outbound.send(ctx, message, body).addListener(written)
    ()
  }

  /** Runs it on the event loop: now, if this is it. */
  protected def here(action: => Unit): Unit = if (ctx.executor.inEventLoop) action else onLoop(action)

  /** Runs it later on the event loop; not at all when the loop has ended, and with it the connection. */
  protected def onLoop(action: => Unit): Unit = {
    val task: Runnable = () =>
      try action
      catch { case e: Throwable => exceptionCaught(ctx, e) }
    try ctx.executor.execute(task)
    catch { case _: RejectedExecutionException => log.debug("the connection's event loop has ended") }
  }

  /** Answers Error and closes, but reads on for a while and drops what comes: to close a socket with unread input would
    * reset the connection, and the peer, maybe still sending, would not get to read the Error.
    */
  protected def end(code: Int, message: String): Unit = end(code, message, config.lingerTimeout.toNanos)

  private def end(code: Int, message: String, lingerNanos: Long): Unit = if (!ended) {
    ended = true
    decoder.stop()
    left()
    if (code != ErrorCode.Over && code != ErrorCode.Fenced)
      log.warn(s"refused a request from ${ctx.channel.remoteAddress}: $message")
    val close: Runnable = () => { ctx.close(); () }
    val sent: ChannelFutureListener = written =>
      if (!written.isSuccess || lingerNanos == 0) close.run()
      else {
        ctx.channel match {
          case socket: DuplexChannel => socket.shutdownOutput()
          case _                     => ()
        }
        ctx.executor.schedule(close, lingerNanos, NANOSECONDS)
        ()
      }
    lastWords = Outbound.send(ctx, Error(code, message))
    lastWords.addListener(sent)
    ()
  }

  override def handlerAdded(ctx: ChannelHandlerContext): Unit = this.ctx = ctx

  override def channelRead(ctx: ChannelHandlerContext, input: Any): Unit = {
    val frame = input.asInstanceOf[Frame]
    if (frame.message != Alive) {
      busy = true
      request(frame.message, frame.body)
    }
  }

  override def channelInactive(ctx: ChannelHandlerContext): Unit = {
    ended = true
    left()
  }

  override def exceptionCaught(ctx: ChannelHandlerContext, cause: Throwable): Unit = cause match {
    case e: Refused =>
      refusing(e)
      end(e.code, e.getMessage)
    case e: IOException =>
      log.debug(s"lost ${ctx.channel.remoteAddress}", e)
      ctx.close()
      ()
    case e =>
      log.error(s"a request from ${ctx.channel.remoteAddress} failed", e)
      refusing(e)
      end(ErrorCode.Internal, s"the parameter server failed: $e")
  }

  override def userEventTriggered(ctx: ChannelHandlerContext, event: Any): Unit = event match {
    case Goodbye(message) =>
      if (!ended) end(ErrorCode.Over, message, 0)
      else if (lastWords != null) {
        lastWords.addListener(ChannelFutureListener.CLOSE)
        ()
      }
    case SignsOfLife.Quiet() if busy && !writing && !ended =>
      Outbound.send(ctx, Alive)
      ()
    case idle: IdleStateEvent if !ended && silence.lasts(idle, patience) =>
      val time = config.workerTimeout * patience.toLong
      silent(time)
      val where =
        if (writing) ", in the middle of an answer"
        else if (decoder.midFrame) ", in the middle of a frame"
        else ""
      end(ErrorCode.Malformed, s"no byte for $time$where: the worker is taken for lost")
      if (writing) ctx.close()
      ()
    case _ => ()
  }
}
