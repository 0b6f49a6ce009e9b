package sparkflow.ps.server

import java.nio.ByteBuffer
import java.util.concurrent.TimeUnit.NANOSECONDS

import scala.concurrent.duration.FiniteDuration

import io.netty.buffer.Unpooled
import io.netty.util.concurrent.ScheduledFuture

import sparkflow.ps.ServerConfig
import sparkflow.ps.consistency.Whole
import sparkflow.ps.protocol._
import sparkflow.ps.store.{FloatSource, Layout, ModelState, NativeFloats, Tables}

/** Serves one worker: one request, one answer. Everything in here happens on the connection's event loop; the methods of
  * [[Candidate]] get there from any thread.
  */
private[server] final class RequestHandler(config: ServerConfig, fit: Fit, decoder: FrameDecoder)
    extends AnsweringHandler(config, decoder)
    with Admission
    with Candidate {
  private var entry: Option[Pace.Entry] = None
  private var waiting = false // for the Welcome, or for other workers
  private var offered: Option[Layout] = None // of the Initialize that is coming in
  private var exchange: Option[Exchange] = None // from the first weights or gradient on
  private val offer = new SharedOffer(config.sharedMemory, fit.notShared)
  private var names = Seq.empty[String] // of the tables that the worker takes by rows
  private var state = Array.emptyByteArray // as the worker last had it; never changed
  private var traffic: Option[RowTraffic] = None // once there are weights, if there are tables

  // ---- what may come in

  override def header(header: Header): Unit =
    if (isBusy) throw malformed("a request before the answer to the last one")

  override def body(message: Message, length: Long): Seq[ByteBuffer] = message match {
    case push: Push =>
      whole()
      val expected = gradientBytes(push)
      if (!push.shared) exact(s"${push.encoding} gradient", length, expected, s"$vectorLength weights")
      else if (length != 0)
        throw malformed(s"a body of $length bytes beside a gradient in the shared segment")
      place(push)
    case PullRows =>
      worker
      Seq(rows.numbers(length))
    case push: PushRows =>
      worker
      val behind = rows.gradient(length, gradientBytes(push))
      place(push) ++ behind
    case PushState =>
      worker
      val layout = fit.model.layout
      val parts = 4 * layout.state.size // what is kept of each variable
      exact("change of the state", length, layout.stateBytes.toLong + parts, "state")
      Seq(ByteBuffer.allocate(layout.stateBytes), ByteBuffer.allocateDirect(parts))
    case Initialize(json) =>
      worker
      fit.checkChosen(this)
      val layout =
        try Layout.fromJson(json)
        catch { case e: IllegalArgumentException => throw new Refused(ErrorCode.Sizes, e.getMessage) }
      exact("body of Initialize", length, 4L * layout.weightCount + layout.stateBytes, "weights and state")
      offered = Some(layout)
      room(layout.weightCount).room(Encoding.Float32) :+ ByteBuffer.allocate(layout.stateBytes)
    case _ if length == 0 => Nil
    case other            => throw outOfOrder(other)
  }

  private def rows: RowTraffic = traffic.getOrElse {
    if (names.isEmpty) throw malformed("rows of tables, but this worker's Hello named none")
    val made = new RowTraffic(ctx.alloc, fit.model.tables(names))
    traffic = Some(made)
    made
  }

  /** Values of the weights that travel as a whole. */
  private def vectorLength: Int =
    if (names.isEmpty) fit.model.layout.weightCount else rows.tables.denseCount

  /** Bytes that the gradient of those weights has in the body.
    *
    * @throws Refused if it can't travel so on this connection
    */
  private def gradientBytes(push: Gradient): Long = {
    val sharing = exchange.exists(_.isInstanceOf[SharedExchange])
    if (push.shared && !sharing) throw malformed("a gradient in a shared segment, but none is attached")
    if (sharing && (push.encoding != Encoding.Float32 || push.bf16Weights))
      throw malformed("encoded values on a connection that shares memory, where all are float32")
    if (push.shared) 0 else Encoded.bytes(push.encoding, vectorLength)
  }

  /** Where it goes, if it is in the body. */
  private def place(push: Gradient): Seq[ByteBuffer] = if (push.shared) Nil else room().room(push.encoding)

  /** The gradient that came, in the body or in the segment.
    *
    * @throws Refused if it is none
    */
  private def gradient(push: Gradient): FloatSource =
    try room().gradient(push.encoding)
    catch { case e: IllegalArgumentException => throw malformed(e.getMessage) }

  private def room(): Exchange = room(vectorLength)

  private def room(count: Int): Exchange = exchange.getOrElse {
    val made = new OwnExchange(ctx.alloc, count)
    exchange = Some(made)
    made
  }

  private def exact(what: String, length: Long, expected: Long, layout: String): Unit =
    if (length != expected)
      throw new Refused(
        ErrorCode.Sizes,
        s"the $what has $length bytes, but the layout's $layout take $expected: the graphs of worker and server differ"
      )

  // ---- requests

  override protected def request(message: Message, body: Seq[ByteBuffer]): Unit = {
    fit.check()
    message match {
      case hello: Hello => this.hello(hello)
      case _: Initialize =>
        worker
        val layout = offered.getOrElse(throw outOfOrder(message))
        offered = None
        state = body.last.array.clone()
        fit.begin(ModelState(layout, new NativeFloats(body.init).toArray, body.last.array), this)
        if (names.nonEmpty) releaseExchange() // this was the only time that whole tables travelled
        answer(Ack(fit.steps))
      case Pull =>
        whole()
        answerWeights(bf16 = false)
      case push: Push => this.push(push)
      case PullRows =>
        worker
        rows.ask(body.last)
        answerRows(None, bf16 = false)
      case push: PushRows =>
        rows.ask(body.last)
        this.push(push)
      case PushState =>
        worker
        awaiting[Array[Byte]](
          fit.mergeState(this, worker)(body.head.array, new NativeFloats(body.tail).toArray, state)
        ) { merged =>
          state = merged
          answer(State, Seq(Unpooled.wrappedBuffer(merged)))
        }
      case report: Report =>
        fit.report(worker, report)(() => onLoop(if (!hasEnded) answer(Ack(fit.steps))))
      case Done =>
        fit.finish(this, worker)
        answer(Ack(fit.steps))
      case Share =>
        worker
        answer(offer.make(NativeFloats.pieceBytes(vectorLength)))
      case attached: Attached =>
        worker
        offer.settle(attached).foreach { shared =>
          releaseExchange()
          exchange = Some(shared)
        }
        answer(Ack(fit.steps))
      case Failed(text) =>
        worker
        fit.fail(text)
        answer(Ack(fit.steps))
      case other => throw outOfOrder(other)
    }
  }

  /** @throws Refused unless this connection speaks for a worker */
  private def worker: Pace.Entry = {
    val known = entry.getOrElse(throw malformed("the first request must be Hello"))
    known.check(this)
    known
  }

  /** @throws Refused unless this connection speaks for a worker without tables */
  private def whole(): Unit = {
    worker
    if (names.nonEmpty)
      throw malformed("whole weights, but this worker's Hello named tables: use PullRows and PushRows")
  }

  private def hello(hello: Hello): Unit = {
    if (entry.isDefined) throw malformed("a second Hello on one connection")
    if (hello.round < 0 || hello.worker < 0)
      throw malformed(s"Hello of round ${hello.round}, worker ${hello.worker}: both count from 0")
    names =
      try Tables.names(hello.tables)
      catch { case e: IllegalArgumentException => throw malformed(e.getMessage) }
    val joined = fit.enter(hello.round, hello.worker, hello.attempt, this)
    entry = Some(joined)
    if (hello.rows == 0) {
      fit.finish(this, joined)
      answer(Ack(fit.steps))
    } else {
      waiting = true
      fit.join(this)
    }
  }

  /** Serves a request whose answer may have to wait for other workers, if for no longer than the deadline.
    *
    * @param ask is given what to call once the answer may be made
    */
  private def awaiting[A](ask: (A => Unit) => Unit)(answered: A => Unit): Unit = {
    waiting = true
    var deadline: Option[ScheduledFuture[_]] = None
    ask { result =>
      here(if (waiting) {
        waiting = false
        deadline.foreach(_.cancel(false))
        answered(result)
      })
    }
    if (waiting) deadline = Some(after(config.waitTimeout)(if (waiting) fit.overdue(config.waitTimeout)))
  }

  private def after(time: FiniteDuration)(action: => Unit): ScheduledFuture[_] = {
    val task: Runnable = () => action
    ctx.executor.schedule(task, time.toNanos, NANOSECONDS)
  }

  override def chosen(): Unit = onLoop(if (waiting) {
    waiting = false
    answer(Welcome(initialize = true, entry.fold(0L)(_.nextStep), 0, 0, 0, ""))
    after(config.initializeTimeout)(if (fit.isChosen(this)) end(ErrorCode.Internal, tooLate))
    ()
  })

  private def tooLate =
    s"no Initialize within ${config.initializeTimeout}: another worker is asked to make the first weights"

  override def ready(): Unit = onLoop(
    if (waiting)
      entry.foreach(worker => awaiting[Unit](go => fit.start(this, worker)(go(())))(_ => welcome()))
  )

  private def welcome(): Unit = {
    val model = fit.model
    val step = entry.fold(0L)(_.nextStep)
    state = model.state.snapshot()
    val buffers = room()
    val weights = buffers.weights(bf16 = false)
    val version =
      if (names.isEmpty) model.consistency.read(weights) else rows.read(model.consistency, weights)
    val count = vectorLength.toLong
    answer(
      Welcome(initialize = false, step, version, count, state.length.toLong, model.layoutJson),
      buffers.body :+ Unpooled.wrappedBuffer(state)
    )
  }

  override def refuse(code: Int, message: String): Unit = onLoop(if (waiting) end(code, message))

  private def answerWeights(bf16: Boolean): Unit = {
    val buffers = room()
    val version = fit.model.consistency.read(buffers.weights(bf16))
    answer(Weights(version), buffers.body)
  }

  private def push(push: Push): Unit = {
    val buffers = room()
    val answered = Option.when(push.answerWithWeights)(buffers.weights(push.bf16Weights))
    val brings = Whole(gradient(push), push.change, answered)
    awaiting(fit.push(this, worker, Pushed(push.step, push.version, push.samples, brings))) {
      case Some(version) if push.answerWithWeights => answer(Weights(version), buffers.body)
      case None if push.answerWithWeights          => answerWeights(push.bf16Weights) // nothing was put there
      case _                                       => answer(Ack(fit.steps))
    }
  }

  private def push(push: PushRows): Unit = {
    val brings = rows.brings(gradient(push), room().weights(push.bf16Weights))
    awaiting(fit.push(this, worker, Pushed(push.step, push.version, push.samples, brings))) { applied =>
      if (applied.nonEmpty) rows.taken()
      answerRows(applied, push.bf16Weights)
    }
  }

  /** @param version of the rows that were asked for, if they have been read */
  private def answerRows(version: Option[Long], bf16: Boolean): Unit = {
    val buffers = room()
    val read = version.getOrElse(rows.read(fit.model.consistency, buffers.weights(bf16)))
    answer(Weights(read), buffers.body ++ rows.body)
  }

  /** What the connection held of the fit is free for others. */
  override protected def left(): Unit = {
    waiting = false
    entry.foreach(fit.leave(this, _))
    offer.close()
    releaseExchange()
    traffic.foreach(_.release())
    traffic = None
  }

  private def releaseExchange(): Unit = {
    exchange.foreach(_.release())
    exchange = None
  }

  // Workers whose graphs differ from the server's, and errors in here, are not mended by a retry.
  override protected def refusing(cause: Throwable): Unit = cause match {
    case e: Refused if e.code != ErrorCode.Sizes => ()
    case e: Refused                              => fit.fail(e.getMessage)
    case e                                       => fit.fail(s"the parameter server failed: $e")
  }

  private def outOfOrder(message: Message) = malformed(s"no $message is expected here")
  private def malformed(why: String) = new Refused(ErrorCode.Malformed, why)
}
