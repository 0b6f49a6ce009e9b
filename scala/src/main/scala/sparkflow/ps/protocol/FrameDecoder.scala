package sparkflow.ps.protocol

import java.nio.ByteBuffer

import io.netty.buffer.ByteBuf
import io.netty.channel.{ChannelHandlerContext, ChannelInboundHandlerAdapter}

/** Who decides, before anything is allocated, whether a frame may come in. Called on the event loop. */
trait Admission {

  /** @throws Refused if a frame of this size and kind is not wanted now; the decoder has done its own checks */
  def header(header: Header): Unit

  /** Where to put the values of a frame: buffers with room for exactly `length` bytes.
    *
    * @throws Refused if a body of this length does not belong to this message
    */
  def body(message: Message, length: Long): Seq[ByteBuffer]
}

/** Bytes to [[Frame]]s. Each chunk that the socket delivers is copied once, straight to its place in the buffers that
  * the [[Admission]] gave; nothing is accumulated. Where the socket reads into [[room]], not even that.
  *
  * After a refused frame it raises the [[Refused]] as an exception in the pipeline and drops all further input.
  *
  * @param admission who is asked first; may be replaced on the event loop between frames
  */
final class FrameDecoder(var admission: Admission) extends ChannelInboundHandlerAdapter {
  private val headerBytes = new Array[Byte](Header.length)
  private val body = new BodyReader
  private var header: Header = _
  private var message: Message = _
  private var meta: Array[Byte] = headerBytes
  private var read = 0 // bytes of the header, or of the meta when there is a header
  private var refused = false

  /** Whether a frame has begun to come in and is not complete. */
  def midFrame: Boolean = !refused && (read > 0 || header != null)

  /** Where the socket may put what it reads next: the body's own memory. Null when a body is not being read, or little of
    * it is left. The next input must be this buffer then.
    */
  def room(): ByteBuf = if (refused || message == null) null else body.room()

  /** From now on input is dropped. */
  def stop(): Unit = refused = true

  override def channelRead(ctx: ChannelHandlerContext, input: Any): Unit = {
    val chunk = input.asInstanceOf[ByteBuf]
    try while (!refused && advance(ctx, chunk)) {}
    catch {
      case e: Throwable =>
        refused = true
        ctx.fireExceptionCaught(e)
    } finally {
      chunk.release()
      ()
    }
  }

  /** Goes on to the end of the part that is being read; false when the chunk ends first. */
  private def advance(ctx: ChannelHandlerContext, chunk: ByteBuf): Boolean =
    if (header == null) {
      if (fill(headerBytes, chunk)) {
        val next = Header.read(headerBytes)
        MessageCodec.check(next)
        admission.header(next)
        meta = new Array[Byte](next.metaLength)
        header = next
        read = 0
        true
      } else false
    } else if (message == null) {
      if (fill(meta, chunk)) {
        val next = MessageCodec.read(header.tag, meta)
        meta = headerBytes
        body.start(admission.body(next, header.bodyLength))
        message = next
        true
      } else false
    } else if (body.read(chunk)) {
      val frame = Frame(message, body.take())
      header = null
      message = null
      read = 0
      ctx.fireChannelRead(frame)
      chunk.isReadable
    } else false

  private def fill(part: Array[Byte], chunk: ByteBuf): Boolean = {
    val n = math.min(part.length - read, chunk.readableBytes)
    chunk.readBytes(part, read, n)
    read += n
    read == part.length
  }
}
