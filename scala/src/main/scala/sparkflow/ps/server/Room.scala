package sparkflow.ps.server

import java.nio.ByteBuffer

import io.netty.buffer.{ByteBuf, ByteBufAllocator}

import sparkflow.ps.store.NativeFloats

/** Memory that grows with what it is to hold, and is used again. */
private[server] final class Room(allocator: ByteBufAllocator) {
  private var made = Seq.empty[ByteBuf]
  private var used = Seq.empty[Int] // bytes of each buffer

  /** Room for as many `bytes` in a buffer each; what was there is still there if it was for as many. */
  def take(bytes: Seq[Int]): Seq[ByteBuffer] = {
    if (bytes.length > made.length || made.zip(bytes).exists { case (buffer, n) => buffer.capacity < n }) {
      release()
      bytes.foreach(n => made :+= allocator.directBuffer(n, n))
    }
    used = bytes
    made.zip(used).map { case (buffer, n) => buffer.nioBuffer(0, n) }
  }

  /** Room for `count` float32, as `take`. */
  def floats(count: Int): NativeFloats = new NativeFloats(take(NativeFloats.pieceBytes(count)))

  def body: Seq[ByteBuf] = made.zip(used).map { case (buffer, n) => buffer.retainedSlice(0, n) }

  /** An answer that is still being written keeps what it needs. */
  def release(): Unit = {
    made.foreach(_.release())
    made = Nil
  }
}
