package sparkflow.ps.server

import java.nio.ByteBuffer

import io.netty.buffer.{ByteBuf, ByteBufAllocator}

import sparkflow.ps.store.NativeFloats

/** Memory that grows with what it is to hold, and is used again. */
private[server] final class Room(allocator: ByteBufAllocator) {
  private var made = Seq.empty[ByteBuf]
  private var capacity = 0
  private var used = Seq.empty[Int] // bytes of each buffer

  /** Room for `count` values; what was there is still there if it was for as many. */
  def take(count: Int): NativeFloats = {
    if (count > capacity) {
      release()
      NativeFloats.pieceBytes(count).foreach(bytes => made :+= allocator.directBuffer(bytes, bytes))
      capacity = count
    }
    used = NativeFloats.pieceBytes(count)
    new NativeFloats(made.zip(used).map { case (buffer, bytes) => buffer.nioBuffer(0, bytes): ByteBuffer })
  }

  def body: Seq[ByteBuf] = made.zip(used).map { case (buffer, bytes) => buffer.retainedSlice(0, bytes) }

  /** An answer that is still being written keeps what it needs. */
  def release(): Unit = {
    made.foreach(_.release())
    made = Nil
    capacity = 0
  }
}
