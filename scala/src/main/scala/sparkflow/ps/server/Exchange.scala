package sparkflow.ps.server

import java.nio.ByteBuffer

import scala.collection.mutable

import io.netty.buffer.{ByteBuf, ByteBufAllocator}

import sparkflow.ps.protocol.Encoding
import sparkflow.ps.shm.SharedSegment
import sparkflow.ps.store.{FloatSink, FloatSource, NativeBf16, NativeFloats}

/** Where one worker's gradient comes in, and where the weights for it go out. Belongs to the connection's event loop. */
private[server] sealed trait Exchange {

  /** Room for the body of a gradient. */
  def room(encoding: Encoding): Seq[ByteBuffer]

  /** The gradient that came in last.
    *
    * @throws IllegalArgumentException if that is none
    */
  def gradient(encoding: Encoding): FloatSource

  /** @param bf16 whether they go out in half the bytes */
  def weights(bf16: Boolean): FloatSink

  /** What carries the weights in an answer. */
  def body(bf16: Boolean): Seq[ByteBuf]

  /** Frees the memory; an answer that is still being written keeps what it needs. */
  def release(): Unit
}

/** Memory of this side alone: the values travel in the frames. */
private[server] final class OwnExchange(allocator: ByteBufAllocator, count: Int) extends Exchange {
  private val in, out = mutable.Map.empty[Encoding, Seq[ByteBuf]]

  override def room(encoding: Encoding): Seq[ByteBuffer] = memory(in, encoding).map(bytes)

  override def gradient(encoding: Encoding): FloatSource = Encoded.source(encoding, count, room(encoding))

  override def weights(bf16: Boolean): FloatSink = {
    val pieces = memory(out, answered(bf16)).map(bytes)
    if (bf16) new NativeBf16(pieces) else new NativeFloats(pieces)
  }

  override def body(bf16: Boolean): Seq[ByteBuf] = memory(out, answered(bf16)).map(_.retainedDuplicate)

  override def release(): Unit = Seq(in, out).foreach { made =>
    made.values.flatten.foreach(_.release())
    made.clear()
  }

  private def answered(bf16: Boolean) = if (bf16) Encoding.Bf16 else Encoding.Float32

  private def memory(made: mutable.Map[Encoding, Seq[ByteBuf]], encoding: Encoding): Seq[ByteBuf] =
    made.getOrElseUpdate(
      encoding,
      Encoded.pieceBytes(encoding, count).map(n => allocator.directBuffer(n, n).writerIndex(n))
    )

  private def bytes(buffer: ByteBuf): ByteBuffer = buffer.nioBuffer(0, buffer.capacity)
}

/** Memory that the worker shares: the frames only say that it has changed. Nothing is encoded. */
private[server] final class SharedExchange(segment: SharedSegment) extends Exchange {
  private val floats = new NativeFloats(segment.gradient)
  private val answered = new NativeFloats(segment.weights)

  override def room(encoding: Encoding): Seq[ByteBuffer] = floats.bytes
  override def gradient(encoding: Encoding): FloatSource = floats
  override def weights(bf16: Boolean): FloatSink = answered
  override def body(bf16: Boolean): Seq[ByteBuf] = Nil
  override def release(): Unit = segment.close()
}
