package sparkflow.ps.server

import java.nio.ByteBuffer

import io.netty.buffer.{ByteBuf, ByteBufAllocator}

import sparkflow.ps.consistency.{Correction, Rows, Whole}
import sparkflow.ps.protocol._
import sparkflow.ps.store.FloatSource

/** Where the gradients of one worker come in and the weights for it go out: whole or by rows, in frames or in shared
  * memory. Belongs to the connection's event loop.
  *
  * @param names of the tables that the worker takes by rows
  */
private[server] final class Buffers(
    allocator: ByteBufAllocator,
    model: => LiveModel,
    names: Seq[String],
    correction: Correction
) {
  private var exchange: Option[Exchange] = None // from the first weights or gradient on
  private var traffic: Option[RowTraffic] = None // once there are weights, if there are tables
  private var sent = -1L // the version of the weights that are in the exchange, if any

  def rows: RowTraffic = traffic.getOrElse {
    if (names.isEmpty) throw malformed("rows of tables, but this worker's Hello named none")
    val made = new RowTraffic(allocator, model.tables(names))
    traffic = Some(made)
    made
  }

  /** @throws Refused if the worker takes tables by rows */
  def whole(): Unit =
    if (names.nonEmpty)
      throw malformed("whole weights, but this worker's Hello named tables: use PullRows and PushRows")

  /** Values of the weights that travel as a whole. */
  def vectorLength: Int = if (names.isEmpty) model.layout.weightCount else rows.tables.denseCount

  // ---- what comes in

  /** Where all first weights go, those of tables, too. */
  def initial(count: Int): Seq[ByteBuffer] = room(count).room(Encoding.Float32)

  /** The first weights have come. */
  def initialized(): Unit =
    if (names.nonEmpty) releaseExchange() // this was the only time that whole tables travelled
    else if (correction.compensates) { // else nobody looks at what the worker has
      read(bf16 = false)
      ()
    }

  /** Where the body of a push goes.
    *
    * @throws Refused if it can't be as long, or travel so on this connection
    */
  def place(push: Push, length: Long): Seq[ByteBuffer] = {
    whole()
    val expected = gradientBytes(push)
    if (!push.shared)
      Buffers.exact(s"${push.encoding} gradient", length, expected, s"$vectorLength weights")
    else if (length != 0)
      throw malformed(s"a body of $length bytes beside a gradient in the shared segment")
    place(push)
  }

  def place(push: PushRows, length: Long): Seq[ByteBuffer] = {
    val behind = rows.gradient(length, gradientBytes(push))
    place(push) ++ behind
  }

  /** What has come with a push, and where the worker wants the weights after it.
    *
    * @throws Refused if that is no gradient
    */
  def brings(push: Push): Whole = {
    val buffers = room()
    if (correction.compensates && (push.change || push.bf16Weights || push.version != sent))
      throw malformed(
        s"delay compensation is for gradients of the float32 weights that were sent last: got one of version ${push.version}, sent $sent"
      )
    val age = if (push.change) None else correction.of(push.version, buffers.sent)
    val answer = Option.when(push.answerWithWeights)(buffers.weights(push.bf16Weights))
    Whole(gradient(push), push.change, answer, age)
  }

  def brings(push: PushRows): Rows = {
    if (correction.compensates) throw malformed("rows of tables, but delay compensation is for whole weights")
    val age = correction.of(push.version, room().sent)
    rows.brings(gradient(push), room().weights(push.bf16Weights), age)
  }

  // ---- what goes out

  /** Puts the weights, or the dense part and the rows that were asked for, where they go out. @return their version */
  def read(bf16: Boolean): Long = {
    val weights = room().weights(bf16)
    answered(
      if (names.isEmpty) model.consistency.read(weights) else rows.read(model.consistency, weights)
    )
  }

  /** A push has put them there. @return their version */
  def answered(version: Long): Long = {
    sent = version
    version
  }

  /** What carries them. */
  def body: Seq[ByteBuf] = room().body ++ (if (names.isEmpty) Nil else rows.body)

  /** From now on the worker shares the memory. */
  def share(shared: Exchange): Unit = {
    releaseExchange()
    exchange = Some(shared)
  }

  def release(): Unit = {
    releaseExchange()
    traffic.foreach(_.release())
    traffic = None
  }

  private def releaseExchange(): Unit = {
    exchange.foreach(_.release())
    exchange = None
    sent = -1
  }

  private def gradientBytes(push: Gradient): Long = {
    val sharing = exchange.exists(_.isInstanceOf[SharedExchange])
    if (push.shared && !sharing) throw malformed("a gradient in a shared segment, but none is attached")
    if (sharing && (push.encoding != Encoding.Float32 || push.bf16Weights))
      throw malformed("encoded values on a connection that shares memory, where all are float32")
    if (push.shared) 0 else Encoded.bytes(push.encoding, vectorLength)
  }

  private def place(push: Gradient): Seq[ByteBuffer] = if (push.shared) Nil else room().room(push.encoding)

  private def gradient(push: Gradient): FloatSource =
    try room().gradient(push.encoding)
    catch { case e: IllegalArgumentException => throw malformed(e.getMessage) }

  private def room(): Exchange = room(vectorLength)

  private def room(count: Int): Exchange = exchange.getOrElse {
    val made = new OwnExchange(allocator, count)
    exchange = Some(made)
    made
  }

  private def malformed(why: String) = new Refused(ErrorCode.Malformed, why)
}

private[server] object Buffers {

  /** @throws Refused if a body has another length than the layout says */
  def exact(what: String, length: Long, expected: Long, layout: String): Unit =
    if (length != expected)
      throw new Refused(
        ErrorCode.Sizes,
        s"the $what has $length bytes, but the layout's $layout take $expected: the graphs of worker and server differ"
      )
}
