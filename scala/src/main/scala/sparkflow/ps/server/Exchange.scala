package sparkflow.ps.server

import io.netty.buffer.{ByteBuf, ByteBufAllocator}

import sparkflow.ps.shm.SharedSegment
import sparkflow.ps.store.NativeFloats

/** Where one worker's gradient comes in, and where the weights for it go out. Belongs to the connection's event loop. */
private[server] sealed trait Exchange {
  def gradient: NativeFloats
  def weights: NativeFloats

  /** What carries the `weights` in an answer, once they are there. */
  def body: Seq[ByteBuf]

  /** Frees the memory; an answer that is still being written keeps what it needs. */
  def release(): Unit
}

/** Memory of this side alone: the values travel in the frames. */
private[server] final class OwnExchange(allocator: ByteBufAllocator, count: Int) extends Exchange {
  private val incoming, outgoing = new Room(allocator)

  // Each only when it is first needed: a worker that goes over to a segment has had no gradient in a frame.
  override lazy val gradient: NativeFloats = incoming.take(count)
  override lazy val weights: NativeFloats = outgoing.take(count)

  override def body: Seq[ByteBuf] = outgoing.body

  override def release(): Unit = Seq(incoming, outgoing).foreach(_.release())
}

/** Memory that the worker shares: the frames only say that it has changed. */
private[server] final class SharedExchange(segment: SharedSegment) extends Exchange {
  override val gradient: NativeFloats = new NativeFloats(segment.gradient)
  override val weights: NativeFloats = new NativeFloats(segment.weights)
  override def body: Seq[ByteBuf] = Nil
  override def release(): Unit = segment.close()
}
