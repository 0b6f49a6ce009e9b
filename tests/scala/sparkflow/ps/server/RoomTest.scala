package sparkflow.ps.server

import io.netty.buffer.UnpooledByteBufAllocator
import org.scalatest.funsuite.AnyFunSuite

class RoomTest extends AnyFunSuite {
  private val allocator = new UnpooledByteBufAllocator(true)

  private def taken: Long = allocator.metric.usedDirectMemory

  test("memory is used again as long as each buffer fits, and freed in the end") {
    val room = new Room(allocator)
    room.take(Seq(8, 100)).last.put(99, 7.toByte)
    assert(room.take(Seq(8, 100)).last.get(99) === 7)
    assert(room.take(Seq(8)).map(_.remaining) === Seq(8))
    assert(room.take(Seq(4, 100)).map(_.remaining) === Seq(4, 100) && taken === 108)
    assert(room.take(Seq(100, 8)).map(_.remaining) === Seq(100, 8) && taken === 108)
    assert(room.take(Seq(100, 8, 1)).map(_.remaining) === Seq(100, 8, 1) && taken === 109)
    assert(room.take(Nil) === Nil && room.body === Nil)
    room.release()
    assert(taken === 0)
    assert(room.floats(3).length === 3)
    room.release()
    assert(taken === 0)
  }

  test("a body keeps what it needs when the room is released") {
    val room = new Room(allocator)
    room.take(Seq(8)).head.putLong(0, 42)
    room.take(Seq(4, 4))
    room.take(Seq(4, 4)).last.putInt(0, 43)
    val body = room.body
    room.release()
    assert(body.map(_.readableBytes) === Seq(4, 4) && body.last.getInt(0) === 43)
    body.foreach(_.release())
    assert(taken === 0)
  }
}
