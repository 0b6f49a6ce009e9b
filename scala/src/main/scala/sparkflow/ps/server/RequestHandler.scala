package sparkflow.ps.server

import java.io.IOException
import java.nio.ByteBuffer
import java.util.concurrent.TimeUnit.NANOSECONDS

import io.netty.buffer.Unpooled

import sparkflow.ps.ServerConfig
import sparkflow.ps.auth.JobSecret
import sparkflow.ps.protocol._
import sparkflow.ps.shm.SharedSegment
import sparkflow.ps.store.{FloatSource, Layout, ModelState, NativeFloats, Tables}

/** Serves one worker: one request, one answer. Everything in here happens on the connection's event loop; the methods of
  * [[Candidate]] get there from any thread.
  */
private[server] final class RequestHandler(config: ServerConfig, fit: Fit, decoder: FrameDecoder)
    extends AnsweringHandler(config, decoder)
    with Admission
    with Candidate {
  private var entry: Option[WorkerEntry[Candidate]] = None
  private var waiting = false // for the Welcome
  private var offered: Option[Layout] = None // of the Initialize that is coming in
  private var exchange: Option[Exchange] = None // from the first weights or gradient on
  private var segment: Option[SharedSegment] = None // offered, not yet attached
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
        state = fit.mergeState(body.head.array, new NativeFloats(body.tail).toArray, state)
        answer(State, Seq(Unpooled.wrappedBuffer(state)))
      case report: Report =>
        fit.report(worker, report)(() => onLoop(if (!hasEnded) answer(Ack(fit.steps))))
      case Done =>
        worker.finish(this)
        answer(Ack(fit.steps))
      case Share =>
        worker
        share()
      case Attached(mapped, reason) =>
        worker
        attached(mapped, reason)
      case Failed(text) =>
        worker
        fit.fail(text)
        answer(Ack(fit.steps))
      case other => throw outOfOrder(other)
    }
  }

  /** @throws Refused unless this connection speaks for a worker */
  private def worker: WorkerEntry[Candidate] = {
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
    waiting = true
    entry = Some(fit.join(hello.round, hello.worker, hello.attempt, this))
  }

  override def chosen(): Unit = onLoop(if (waiting) {
    waiting = false
    answer(Welcome(initialize = true, entry.fold(0L)(_.nextStep), 0, 0, 0, ""))
    val late: Runnable = () => if (fit.isChosen(this)) end(ErrorCode.Internal, tooLate)
    ctx.executor.schedule(late, config.initializeTimeout.toNanos, NANOSECONDS)
    ()
  })

  private def tooLate =
    s"no Initialize within ${config.initializeTimeout}: another worker is asked to make the first weights"

  override def ready(): Unit = onLoop(if (waiting) {
    waiting = false
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
  })

  override def refuse(code: Int, message: String): Unit = onLoop(if (waiting) end(code, message))

  private def answerWeights(bf16: Boolean): Unit = {
    val buffers = room()
    val version = fit.model.consistency.read(buffers.weights(bf16))
    answer(Weights(version), buffers.body)
  }

  private def push(push: Push): Unit = {
    val buffers = room()
    val gradient = this.gradient(push)
    val answered = Option.when(push.answerWithWeights)(buffers.weights(push.bf16Weights))
    val applied = fit.push(this, worker, push.step, push.version, push.samples)(
      _.push(gradient, push.change, answered)
    )
    applied match {
      case Some(version) if push.answerWithWeights => answer(Weights(version), buffers.body)
      case None if push.answerWithWeights =>
        answerWeights(push.bf16Weights) // applied before: nothing was put there
      case _ => answer(Ack(fit.steps))
    }
  }

  private def push(push: PushRows): Unit = {
    val gradient = this.gradient(push)
    val answered = room().weights(push.bf16Weights)
    val applied = fit.push(this, worker, push.step, push.version, push.samples)(
      rows.push(_, gradient, answered)
    )
    answerRows(applied, push.bf16Weights)
  }

  /** @param version of the rows that were asked for, if they have been read */
  private def answerRows(version: Option[Long], bf16: Boolean): Unit = {
    val buffers = room()
    val read = version.getOrElse(rows.read(fit.model.consistency, buffers.weights(bf16)))
    answer(Weights(read), buffers.body ++ rows.body)
  }

  // ---- shared memory

  private def share(): Unit = {
    segment.foreach(_.close())
    val pieces = NativeFloats.pieceBytes(vectorLength)
    answer(config.sharedMemory match {
      case None => Segment(0, 0, "transport is tcp")
      case Some(directory) =>
        try {
          val made = SharedSegment.create(directory, JobSecret.randomBytes(16), pieces)
          segment = Some(made)
          Segment(made.length, made.weightsOffset, made.path.toString)
        } catch {
          // Unsupported: a file system that knows no owner, as on Windows
          case e @ (_: IOException | _: UnsupportedOperationException) =>
            val why =
              s"the parameter server cannot make ${2 * pieces.map(_.toLong).sum} bytes of shared memory in $directory: $e"
            fit.notShared(why)
            Segment(0, 0, why)
        }
    })
  }

  private def attached(mapped: Boolean, reason: String): Unit = {
    val made = segment.getOrElse(throw malformed("Attached, but no segment was offered"))
    segment = None
    if (mapped) {
      made.unlink()
      exchange.foreach(_.release())
      exchange = Some(new SharedExchange(made))
    } else {
      made.close()
      fit.notShared(reason)
    }
    answer(Ack(fit.steps))
  }

  /** What the connection held of the fit is free for others. */
  override protected def left(): Unit = {
    waiting = false
    entry.foreach(fit.leave(this, _))
    segment.foreach(_.close())
    segment = None
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
