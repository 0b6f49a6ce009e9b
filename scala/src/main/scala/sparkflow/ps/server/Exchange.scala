package sparkflow.ps.server

import java.nio.ByteBuffer

import io.netty.buffer.{ByteBuf, ByteBufAllocator}

import sparkflow.ps.protocol.Encoding
import sparkflow.ps.shm.SharedSegment
import sparkflow.ps.store.{FloatSink, FloatSource, NativeBf16, NativeFloats}

/** Where one worker's gradient comes in, and where the weights for it go out. Belongs to the connection's event loop. */
private[server] sealed trait Exchange {

  /** Where the body of a gradient goes. */
  def room(encoding: Encoding): Seq[ByteBuffer]

  /** The gradient that came in last.
    *
    * @throws IllegalArgumentException if that is none
    */
  def gradient(encoding: Encoding): FloatSource

  /** Where weights go.
    *
    * @param bf16 whether they travel in half the bytes
    */
  def weights(bf16: Boolean): FloatSink

  /** The float32 weights that were put there last. They may be read while `weights` are put, range by range. */
  def sent: FloatSource

  /** What carries the `weights` in an answer, once they are there. */
  def body: Seq[ByteBuf]

  /** Frees the memory; an answer that is still being written keeps what it needs. */
  def release(): Unit
}

/** Memory of this side alone: the values travel in the frames. */
private[server] final class OwnExchange(allocator: ByteBufAllocator, count: Int) extends Exchange {
  // Each takes memory when it is first needed: a worker that goes over to a segment has had no gradient in a frame.
  private val incoming, outgoing = new Room(allocator)

  override def room(encoding: Encoding): Seq[ByteBuffer] = incoming.take(Encoded.pieceBytes(encoding, count))

  override def gradient(encoding: Encoding): FloatSource = Encoded.source(encoding, count, room(encoding))

  override def weights(bf16: Boolean): FloatSink =
    if (bf16) new NativeBf16(outgoing.take(NativeBf16.pieceBytes(count))) else outgoing.floats(count)

  override def sent: FloatSource = outgoing.floats(count)

  override def body: Seq[ByteBuf] = outgoing.body

  override def release(): Unit = Seq(incoming, outgoing).foreach(_.release())
}

/** Memory that the worker shares: the frames only say that it has changed. Nothing is encoded. */
private[server] final class SharedExchange(segment: SharedSegment) extends Exchange {
  private val floats = new NativeFloats(segment.gradient)
  private val answered = new NativeFloats(segment.weights)

  override def room(encoding: Encoding): Seq[ByteBuffer] = floats.bytes
  override def gradient(encoding: Encoding): FloatSource = floats
  override def weights(bf16: Boolean): FloatSink = answered
  override def sent: FloatSource = answered
  override def body: Seq[ByteBuf] = Nil
  override def release(): Unit = segment.close()
}
