package sparkflow.ps.server

import java.util.concurrent.TimeUnit.NANOSECONDS

import sparkflow.ps.ServerConfig
import sparkflow.ps.protocol._
import sparkflow.ps.store.{Layout, ModelState}

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
  private var gradient = Body.noFloats // reused: Push is the one message that is both large and frequent

  // ---- what may come in

  override def header(header: Header): Unit =
    if (isBusy) throw malformed("a request before the answer to the last one")

  override def body(message: Message, length: Long): Body = message match {
    case _: Push =>
      worker
      val count = fit.model.layout.weightCount
      exact("gradient", length, 4L * count, s"$count weights")
      if (gradient.length != count) gradient = new Array[Float](count)
      Body(gradient, Body.noBytes)
    case PushState =>
      worker
      val size = fit.model.layout.stateBytes
      exact("change of the state", length, size.toLong, "state")
      Body(Body.noFloats, new Array[Byte](size))
    case Initialize(json) =>
      worker
      fit.checkChosen(this)
      val layout =
        try Layout.fromJson(json)
        catch { case e: IllegalArgumentException => throw new Refused(ErrorCode.Sizes, e.getMessage) }
      exact("body of Initialize", length, 4L * layout.weightCount + layout.stateBytes, "weights and state")
      offered = Some(layout)
      Body(new Array[Float](layout.weightCount), new Array[Byte](layout.stateBytes))
    case _ if length == 0 => Body.empty
    case other            => throw outOfOrder(other)
  }

  private def exact(what: String, length: Long, expected: Long, layout: String): Unit =
    if (length != expected)
      throw new Refused(
        ErrorCode.Sizes,
        s"the $what has $length bytes, but the layout's $layout take $expected: the graphs of worker and server differ"
      )

  // ---- requests

  override protected def request(message: Message, body: Body): Unit = {
    fit.check()
    message match {
      case Hello(round, partition, attempt, _) => hello(round, partition, attempt)
      case _: Initialize =>
        worker
        val layout = offered.getOrElse(throw outOfOrder(message))
        offered = None
        fit.begin(ModelState(layout, body.floats, body.bytes), this)
        answer(Ack(fit.steps))
      case Pull =>
        worker
        answerWeights()
      case push: Push =>
        fit.push(this, worker, push, body.floats)
        if (push.answerWithWeights) answerWeights() else answer(Ack(fit.steps))
      case PushState =>
        worker
        answer(State, Body(Body.noFloats, fit.mergeState(body.bytes)))
      case report: Report =>
        fit.report(worker, report)(() => onLoop(if (!hasEnded) answer(Ack(fit.steps))))
      case Done =>
        worker.finish(this)
        answer(Ack(fit.steps))
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
    val pieces = model.consistency.read { (weights, version) =>
      val welcome =
        Welcome(
          initialize = false,
          step,
          version,
          weights.length.toLong,
          state.length.toLong,
          model.layoutJson
        )
      FrameEncoder.encode(ctx.alloc, welcome, Body(weights, state))
    }
    write(pieces)
  })

  override def refuse(code: Int, message: String): Unit = onLoop(if (waiting) end(code, message))

  private def answerWeights(): Unit = write(fit.model.consistency.read { (weights, version) =>
    FrameEncoder.encode(ctx.alloc, Weights(version), Body(weights, Body.noBytes))
  })

  /** What the connection held of the fit is free for others. */
  override protected def left(): Unit = {
    waiting = false
    entry.foreach(fit.leave(this, _))
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
