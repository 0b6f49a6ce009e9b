package sparkflow.ps.server

import java.nio.ByteBuffer

import io.netty.buffer.{ByteBuf, ByteBufAllocator}

import sparkflow.ps.shm.SharedSegment
import sparkflow.ps.store.NativeFloats

/** Where one worker's gradient comes in, and where the weights for it go out. Belongs to the connection's event loop. */
private[server] sealed trait Exchange {
  def gradient: NativeFloats
  def weights: NativeFloats

  /** What carries the weights in an answer. */
  def body: Seq[ByteBuf]

  /** Frees the memory; an answer that is still being written keeps what it needs. */
  def release(): Unit
}

/** Memory of this side alone: the values travel in the frames. */
private[server] final class OwnExchange(allocator: ByteBufAllocator, count: Int) extends Exchange {
  private var made = Seq.empty[ByteBuf]

  private lazy val weightBuffers = make()
  override lazy val gradient: NativeFloats = floats(make())
  override lazy val weights: NativeFloats = floats(weightBuffers)

  override def body: Seq[ByteBuf] = weightBuffers.map(_.retainedDuplicate)

  override def release(): Unit = {
    made.foreach(_.release())
    made = Nil
  }

  private def make(): Seq[ByteBuf] = {
    val buffers = NativeFloats.pieceBytes(count).map { bytes =>
      val buffer = allocator.directBuffer(bytes, bytes)
      made :+= buffer
      buffer.writerIndex(bytes)
    }
    buffers
  }

  private def floats(buffers: Seq[ByteBuf]): NativeFloats =
    new NativeFloats(buffers.map(b => b.nioBuffer(0, b.capacity): ByteBuffer))
}

/** Memory that the worker shares: the frames only say that it has changed. */
private[server] final class SharedExchange(segment: SharedSegment) extends Exchange {
  override val gradient: NativeFloats = new NativeFloats(segment.gradient)
  override val weights: NativeFloats = new NativeFloats(segment.weights)
  override def body: Seq[ByteBuf] = Nil
  override def release(): Unit = segment.close()
}
