package sparkflow.ps.server

import java.nio.ByteBuffer
import java.util.concurrent.TimeUnit.NANOSECONDS

import scala.concurrent.duration.FiniteDuration

import io.netty.buffer.Unpooled
import io.netty.util.concurrent.ScheduledFuture

import sparkflow.ps.ServerConfig
import sparkflow.ps.protocol._
import sparkflow.ps.store.{Layout, ModelState, NativeFloats, Tables}

/** Serves one worker: one request, one answer. Everything in here happens on the connection's event loop; the methods of
  * [[Candidate]] get there from any thread.
  */
private[server] final class RequestHandler(config: ServerConfig, fit: Fit, decoder: FrameDecoder)
    extends AnsweringHandler(config, decoder)
    with Admission
    with Candidate {
  private var starting: Option[Starting] = None
  private var entry: Option[Pace.Entry] = None
  private var waiting = false // for the Welcome, or for other workers
  private var offered: Option[Layout] = None // of the Initialize that is coming in
  private var buffers: Buffers = _ // from Hello on
  private val offer = new SharedOffer(config.sharedMemory, fit.notShared)
  private var state = Array.emptyByteArray // as the worker last had it; never changed

  // ---- what may come in

  override def header(header: Header): Unit =
    if (isBusy) throw malformed("a request before the answer to the last one")

  override def body(message: Message, length: Long): Seq[ByteBuffer] = message match {
    case push: Push =>
      worker
      buffers.place(push, length)
    case PullRows =>
      worker
      Seq(buffers.rows.numbers(length))
    case push: PushRows =>
      worker
      buffers.place(push, length)
    case PushState =>
      worker
      val layout = fit.model.layout
      val parts = 4 * layout.state.size // what is kept of each variable
      Buffers.exact("change of the state", length, layout.stateBytes.toLong + parts, "state")
      Seq(ByteBuffer.allocate(layout.stateBytes), ByteBuffer.allocateDirect(parts))
    case Initialize(json) =>
      worker
      fit.checkChosen(this)
      val layout =
        try Layout.fromJson(json)
        catch { case e: IllegalArgumentException => throw new Refused(ErrorCode.Sizes, e.getMessage) }
      val bytes = 4L * layout.weightCount + layout.stateBytes
      Buffers.exact("body of Initialize", length, bytes, "weights and state")
      offered = Some(layout)
      buffers.initial(layout.weightCount) :+ ByteBuffer.allocate(layout.stateBytes)
    case _ if length == 0 => Nil
    case other            => throw outOfOrder(other)
  }

  // ---- requests

  override protected def request(message: Message, body: Seq[ByteBuffer]): Unit = {
    fit.check()
    message match {
      case starting: Starting =>
        if (this.starting.isDefined || entry.isDefined) throw outOfOrder(message)
        checkCounted(starting.round, starting.worker, message)
        this.starting = Some(starting)
        fit.starting(starting)
        answer(Ack(fit.steps))
      case hello: Hello => this.hello(hello)
      case _: Initialize =>
        worker
        val layout = offered.getOrElse(throw outOfOrder(message))
        offered = None
        state = body.last.array.clone()
        fit.begin(ModelState(layout, new NativeFloats(body.init).toArray, body.last.array), this)
        buffers.initialized()
        answer(Ack(fit.steps))
      case Pull =>
        worker
        buffers.whole()
        answerWeights(bf16 = false)
      case push: Push => this.push(push)
      case PullRows =>
        worker
        buffers.rows.ask(body.last)
        answerWeights(bf16 = false)
      case push: PushRows =>
        buffers.rows.ask(body.last)
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
      case validation: Validation =>
        fit.validated(worker, validation)
        answer(Ack(fit.steps))
      case Done =>
        fit.finish(this, worker)
        answer(Ack(fit.steps))
      case Share =>
        worker
        answer(offer.make(NativeFloats.pieceBytes(buffers.vectorLength)))
      case attached: Attached =>
        worker
        offer.settle(attached).foreach(buffers.share)
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

  private def hello(hello: Hello): Unit = {
    if (entry.isDefined) throw malformed("a second Hello on one connection")
    for (before <- starting if before != Starting(hello.round, hello.worker, hello.attempt))
      throw malformed(s"$hello after $before: both must be of one attempt")
    checkCounted(hello.round, hello.worker, hello)
    val names =
      try Tables.names(hello.tables)
      catch { case e: IllegalArgumentException => throw malformed(e.getMessage) }
    buffers = new Buffers(ctx.alloc, fit.model, names, config.correction)
    val joined = fit.enter(hello, this)
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
    val version = buffers.read(bf16 = false)
    val count = buffers.vectorLength.toLong
    answer(
      Welcome(initialize = false, step, version, count, state.length.toLong, model.layoutJson),
      buffers.body :+ Unpooled.wrappedBuffer(state)
    )
  }

  override def refuse(code: Int, message: String): Unit = onLoop(if (waiting) end(code, message))

  private def answerWeights(bf16: Boolean): Unit = answerWeights(buffers.read(bf16))

  private def answerWeights(version: Long): Unit = answer(Weights(version), buffers.body)

  private def push(push: Push): Unit =
    apply(Pushed(push.step, push.version, push.samples, push.loss, buffers.brings(push))) {
      case _ if !push.answerWithWeights => answer(Ack(fit.steps))
      case Some(version)                => answerWeights(buffers.answered(version))
      case None                         => answerWeights(push.bf16Weights)
    }

  private def push(push: PushRows): Unit =
    apply(Pushed(push.step, push.version, push.samples, push.loss, buffers.brings(push))) {
      case Some(version) =>
        buffers.rows.taken()
        answerWeights(buffers.answered(version))
      case None => answerWeights(push.bf16Weights)
    }

  /** @param answered with the version of the weights that the push has put, if it has */
  private def apply(push: Pushed)(answered: Option[Long] => Unit): Unit =
    awaiting(fit.push(this, worker, push))(answered)

  /** What the connection held of the fit is free for others. */
  override protected def left(): Unit = {
    waiting = false
    entry.foreach(fit.leave(this, _))
    offer.close()
    if (buffers != null) buffers.release()
  }

  override protected def silent(time: FiniteDuration): Unit = (entry, starting) match {
    case (Some(worker), _)      => fit.silent(this, worker, time)
    case (None, Some(starting)) => fit.silent(starting, time)
    case (None, None)           => ()
  }

  override protected def patience: Int = if (entry.isEmpty) SignsOfLife.starting else 1

  // Workers whose graphs differ from the server's, and errors in here, are not mended by a retry.
  override protected def refusing(cause: Throwable): Unit = cause match {
    case e: Refused if e.code != ErrorCode.Sizes => ()
    case e: Refused                              => fit.fail(e.getMessage)
    case e                                       => fit.fail(s"the parameter server failed: $e")
  }

  private def checkCounted(round: Int, worker: Int, message: Message): Unit =
    if (round < 0 || worker < 0) throw malformed(s"$message: round and worker count from 0")

  private def outOfOrder(message: Message) = malformed(s"no $message is expected here")
  private def malformed(why: String) = new Refused(ErrorCode.Malformed, why)
}
