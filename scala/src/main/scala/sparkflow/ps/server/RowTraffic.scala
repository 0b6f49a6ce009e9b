package sparkflow.ps.server

import java.nio.{ByteBuffer, ByteOrder}

import io.netty.buffer.{ByteBuf, ByteBufAllocator}

import sparkflow.ps.consistency.Consistency
import sparkflow.ps.protocol.{ErrorCode, Refused}
import sparkflow.ps.store._

/** The rows that one worker asks for, and pushes a gradient of the next time. Belongs to the connection's event loop. */
private[server] final class RowTraffic(allocator: ByteBufAllocator, tables: Tables) {
  private var held = tables.noRows // what the worker has, and its next gradient is of
  private var wanted = tables.noRows // what its request asks for
  private val denseGradient, rowGradient, denseWeights, rowWeights = new Room(allocator)

  /** Where the numbers of a pull go. */
  def numbers(length: Long): Seq[ByteBuffer] = Seq(numbersRoom(length, 0))

  /** Where a gradient goes, and the numbers behind it. */
  def gradient(length: Long): Seq[ByteBuffer] = {
    val values = 4L * tables.denseCount + 4L * held.valueCount
    val numbers = numbersRoom(length, values)
    denseGradient.take(tables.denseCount).bytes ++ rowGradient.take(held.valueCount).bytes :+ numbers
  }

  /** Takes what a request asks for.
    *
    * @throws Refused if a number is none of a row, or they do not ascend
    */
  def ask(numbers: ByteBuffer): Unit = {
    val ints = numbers.duplicate.order(ByteOrder.LITTLE_ENDIAN).asIntBuffer
    val all = new Array[Int](ints.remaining)
    ints.get(all)
    wanted =
      try tables.select(all)
      catch { case e: IllegalArgumentException => throw new Refused(ErrorCode.Malformed, e.getMessage) }
  }

  /** Applies the gradient that came. @return the version after it, of the values that were asked for */
  def push(consistency: Consistency): Long = {
    val gradient =
      new Excerpt(held, denseGradient.take(tables.denseCount), rowGradient.take(held.valueCount))
    val version = consistency.pushRows(gradient, answer())
    held = wanted
    version
  }

  /** Reads what was asked for. @return its version */
  def read(consistency: Consistency): Long = {
    val version = consistency.readRows(answer())
    held = wanted
    version
  }

  /** What carries the values that were last read. */
  def body: Seq[ByteBuf] = denseWeights.body ++ rowWeights.body

  def release(): Unit = Seq(denseGradient, rowGradient, denseWeights, rowWeights).foreach(_.release())

  private def answer() =
    new Excerpt(wanted, denseWeights.take(tables.denseCount), rowWeights.take(wanted.valueCount))

  /** Room for the numbers behind `values` bytes; there are at most as many as rows, as each is asked for once. */
  private def numbersRoom(length: Long, values: Long): ByteBuffer = {
    val numbers = length - values
    if (numbers < 0 || numbers % 4 != 0 || numbers / 4 > tables.rowCount)
      throw new Refused(
        ErrorCode.Sizes,
        s"a body of $length bytes, expected $values of values and 4 for each row number, of at most ${tables.rowCount}"
      )
    ByteBuffer.allocate(numbers.toInt)
  }
}

/** Memory that grows with what it is to hold, and is used again. */
private final class Room(allocator: ByteBufAllocator) {
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
