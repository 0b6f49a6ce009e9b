package sparkflow.ps.server

import java.io.IOException
import java.nio.ByteBuffer
import java.util.concurrent.TimeUnit.NANOSECONDS

import io.netty.buffer.Unpooled

import sparkflow.ps.ServerConfig
import sparkflow.ps.auth.JobSecret
import sparkflow.ps.protocol._
import sparkflow.ps.shm.SharedSegment
import sparkflow.ps.store.{Layout, ModelState, NativeFloats}

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

  // ---- what may come in

  override def header(header: Header): Unit =
    if (isBusy) throw malformed("a request before the answer to the last one")

  override def body(message: Message, length: Long): Seq[ByteBuffer] = message match {
    case push: Push =>
      worker
      val count = fit.model.layout.weightCount
      if (push.shared) {
        if (!exchange.exists(_.isInstanceOf[SharedExchange]))
          throw malformed("a gradient in a shared segment, but none is attached")
        if (length != 0) throw malformed(s"a body of $length bytes beside a gradient in the shared segment")
        notEncoded(push)
        Nil
      } else {
        if (exchange.exists(_.isInstanceOf[SharedExchange])) notEncoded(push)
        exact(s"${push.encoding} gradient", length, Encoded.bytes(push.encoding, count), s"$count weights")
        room(count).room(push.encoding)
      }
    case PushState =>
      worker
      val size = fit.model.layout.stateBytes
      exact("change of the state", length, size.toLong, "state")
      Seq(ByteBuffer.allocate(size))
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

  private def room(count: Int): Exchange = exchange.getOrElse {
    val made = new OwnExchange(ctx.alloc, count)
    exchange = Some(made)
    made
  }

  private def notEncoded(push: Push): Unit =
    if (push.encoding != Encoding.Float32 || push.bf16Weights)
      throw malformed("encoded values on a connection that shares memory, where all are float32")

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
      case Hello(round, partition, attempt, _) => hello(round, partition, attempt)
      case _: Initialize =>
        worker
        val layout = offered.getOrElse(throw outOfOrder(message))
        offered = None
        fit.begin(ModelState(layout, new NativeFloats(body.init).toArray, body.last.array), this)
        answer(Ack(fit.steps))
      case Pull =>
        worker
        answerWeights(bf16 = false)
      case push: Push => this.push(push)
      case PushState =>
        worker
        answer(State, Seq(Unpooled.wrappedBuffer(fit.mergeState(body.head.array))))
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

  private def hello(round: Int, partition: Int, attempt: Long): Unit = {
    if (entry.isDefined) throw malformed("a second Hello on one connection")
    if (round < 0 || partition < 0)
      throw malformed(s"Hello of round $round, worker $partition: both count from 0")
    waiting = true
    entry = Some(fit.join(round, partition, attempt, this))
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
    val state = model.state.snapshot()
    val buffers = room(model.layout.weightCount)
    val version = model.consistency.read(buffers.weights(bf16 = false))
    val count = model.layout.weightCount.toLong
    answer(
      Welcome(initialize = false, step, version, count, state.length.toLong, model.layoutJson),
      buffers.body(bf16 = false) :+ Unpooled.wrappedBuffer(state)
    )
  })

  override def refuse(code: Int, message: String): Unit = onLoop(if (waiting) end(code, message))

  private def answerWeights(bf16: Boolean): Unit = {
    val model = fit.model
    val buffers = room(model.layout.weightCount)
    val version = model.consistency.read(buffers.weights(bf16))
    answer(Weights(version), buffers.body(bf16))
  }

  private def push(push: Push): Unit = {
    val buffers = room(fit.model.layout.weightCount)
    val gradient =
      try buffers.gradient(push.encoding)
      catch { case e: IllegalArgumentException => throw malformed(e.getMessage) }
    val bf16 = push.bf16Weights
    val answered = Option.when(push.answerWithWeights)(buffers.weights(bf16))
    fit.push(this, worker, push, gradient, answered) match {
      case Some(version) if push.answerWithWeights => answer(Weights(version), buffers.body(bf16))
      case None if push.answerWithWeights => answerWeights(bf16) // applied before: nothing was put there
      case _                              => answer(Ack(fit.steps))
    }
  }

  // ---- shared memory

  private def share(): Unit = {
    segment.foreach(_.close())
    val pieces = NativeFloats.pieceBytes(fit.model.layout.weightCount)
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
