package sparkflow.ps.server

import java.nio.{ByteBuffer, ByteOrder}

import io.netty.buffer.{ByteBuf, ByteBufAllocator}

import sparkflow.ps.consistency.{Age, Consistency, Rows}
import sparkflow.ps.protocol.{ErrorCode, Refused}
import sparkflow.ps.store._

/** The rows that one worker asks for, and pushes a gradient of the next time. Belongs to the connection's event loop. */
private[server] final class RowTraffic(allocator: ByteBufAllocator, val tables: Tables) {
  private var held = tables.noRows // what the worker has, and its next gradient is of
  private var wanted = tables.noRows // what its request asks for
  private val gradients, weights = new Room(allocator)

  /** Where the gradient of the rows goes, and the numbers behind it.
    *
    * @param length of the body
    * @param before bytes of the body that come before
    * @throws Refused if a body can't have this length
    */
  def gradient(length: Long, before: Long): Seq[ByteBuffer] = {
    val numbers = this.numbers(length, before + 4L * held.valueCount)
    gradients.floats(held.valueCount).bytes :+ numbers
  }

  /** Where numbers go; there are at most as many as rows, as each is asked for once. */
  def numbers(length: Long, before: Long = 0): ByteBuffer = {
    val numbers = length - before
    if (numbers < 0 || numbers % 4 != 0 || numbers / 4 > tables.rowCount)
      throw new Refused(
        ErrorCode.Sizes,
        s"a body of $length bytes, expected $before of values and 4 for each row number, of at most ${tables.rowCount}"
      )
    ByteBuffer.allocate(numbers.toInt)
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

  /** The gradient that came, and where to put what was asked for.
    *
    * @param gradient of the dense part
    * @param dense where the dense part goes
    */
  def brings(gradient: FloatSource, dense: FloatSink, age: Option[Age]): Rows =
    Rows(new Excerpt(held, gradient, gradients.floats(held.valueCount)), answer(dense), age)

  /** What was asked for is what the worker has now. */
  def taken(): Unit = held = wanted

  /** Reads what was asked for, and the dense part. @return its version */
  def read(consistency: Consistency, dense: FloatSink): Long = {
    val version = consistency.readRows(answer(dense))
    taken()
    version
  }

  /** What carries the rows that were last read. */
  def body: Seq[ByteBuf] = weights.body

  def release(): Unit = Seq(gradients, weights).foreach(_.release())

  private def answer(dense: FloatSink) = new Excerpt(wanted, dense, weights.floats(wanted.valueCount))
}
