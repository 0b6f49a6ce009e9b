package sparkflow.ps.server

import java.util.concurrent.atomic.{AtomicBoolean, AtomicReference}

import scala.concurrent.duration.FiniteDuration

import org.slf4j.LoggerFactory

import sparkflow.ps.{FitCounts, FitSnapshot, IterationReport, ServerConfig}
import sparkflow.ps.consistency.Consistency
import sparkflow.ps.protocol.{ErrorCode, Hello, Refused, Report, Starting, Validation}
import sparkflow.ps.store.{Layout, ModelState, StateStore, StoreSnapshot}

/** What all connections of one fit share. Thread-safe.
  *
  * @param consistency makes the keeper of the weights from a copy of what it is given
  */
private[ps] final class Fit(
    consistency: (StoreSnapshot, Layout) => Consistency,
    config: ServerConfig,
    events: EventQueue
) {
  private val workers = new WorkerTable[Candidate]
  private val election = new Election[Candidate]
  private val ended = new AtomicReference[Fit.End]
  private val log = LoggerFactory.getLogger(classOf[Fit])
  private val warned = new AtomicBoolean
  @volatile private var live: Option[LiveModel] = None
  @volatile private var round = 0
  @volatile private var retriesBefore = 0

  def failure: Option[String] = Option(ended.get).filter(_.failed).map(_.message)

  val counters = new Counters

  private val snapshots =
    new Snapshots(config.snapshotEvery, events, copy)

  private val pace =
    Pace(
      config.mode,
      config.maxStaleness,
      config.stopping.isDefined,
      new Updates(model.consistency, counters, snapshots)
    )

  def counts: FitCounts = FitCounts(
    steps,
    counters.samples,
    counters.staleness,
    retriesBefore + workers.retries,
    counters.bytesReceived,
    counters.bytesSent,
    counters.workersAtOnce
  )

  def steps: Long = live.fold(0L)(_.consistency.version)

  val watch: Watch = new Watch(
    config.validation,
    config.stopping,
    () => weights(),
    report => events.validated(report)(() => watch.stop()),
    {
      case Some(why) => fail(why)
      case None =>
        end(Fit.End("training has stopped early", failed = false))
        ()
    }
  )

  def result(): Option[ModelState] = watch.best.orElse(weights())

  private def weights(): Option[ModelState] = live.map { m =>
    ModelState(m.layout, m.consistency.weights(), m.state.snapshot())
  }

  /** All that the fit has come to, once there are weights; updates wait meanwhile. */
  def snapshot(): Option[FitSnapshot] = live.map(_ => snapshots())

  private def copy: FitSnapshot = FitSnapshot(
    model.layout,
    model.consistency.snapshot(),
    model.state.snapshot(),
    round,
    workers.progress(round),
    counts,
    System.nanoTime() - model.bornNanos
  )

  /** @throws Refused before there are weights */
  def model: LiveModel =
    live.getOrElse(
      throw new Refused(ErrorCode.Malformed, "there are no weights yet: say Hello and initialize")
    )

  /** Ends the fit as failed; without effect on one that has ended. */
  def fail(message: String): Unit = {
    val short = if (message.length <= Fit.longestMessage) message else message.take(Fit.longestMessage) + "…"
    if (end(Fit.End(short, failed = true))) events.failed(short)
  }

  /** Ends the fit as over; without effect on one that has ended. */
  def finish(): Unit = {
    end(Fit.End("the fit is over", failed = false))
    ()
  }

  /** @throws Refused when the fit has ended */
  def check(): Unit = {
    val end = ended.get
    if (end != null) throw new Refused(ErrorCode.Over, end.message)
  }

  /** Starts with these weights, before any worker connects. Takes the state's array over. */
  def begin(state: ModelState): Unit = {
    live = Some(alive(state))
    election.settle()
    ()
  }

  /** Goes on from where another server had come to, before any worker connects. */
  def resume(from: FitSnapshot): Unit = {
    val state = new StateStore(from.layout, from.state.clone())
    val born = System.nanoTime() - from.elapsedNanos
    live = Some(new LiveModel(from.layout, consistency(from.store, from.layout), state, born))
    counters.restore(from.counts)
    retriesBefore = from.counts.retries
    snapshots.begin(from.store.version)
    round = from.round
    from.workers.foreach(progress => workers.entry(round, progress.worker).restore(progress))
    election.settle()
    ()
  }

  /** Starts with the weights that the chosen worker made. Takes the state's array over.
    *
    * @throws Refused if it is no longer the chosen one
    */
  def begin(state: ModelState, maker: Candidate): Unit = {
    val model = alive(state)
    val waiting = election.win(maker) { live = Some(model) }
    waiting.getOrElse(throw notChosen).foreach(_.ready())
  }

  def isChosen(maker: Candidate): Boolean = election.isChosen(maker)

  /** @throws Refused unless this connection was chosen to make the first weights */
  def checkChosen(maker: Candidate): Unit = if (!isChosen(maker)) throw notChosen

  /** A round begins, of workers 0 to `count` - 1. */
  def begin(round: Int, count: Int): Unit = {
    this.round = round
    val members = (0 until count).map(workers.entry(round, _))
    pace.begin(members)
    watch.begin(members)
  }

  /** A worker has connected, and says Hello when it has its rows. */
  def starting(starting: Starting): Unit =
    workers.attempted(starting.round, starting.worker, starting.attempt)

  /** The connection speaks for the worker from now on.
    *
    * @throws Refused if a newer attempt is known, or the worker has no part in the round, or other rows than before
    */
  def enter(hello: Hello, candidate: Candidate): Pace.Entry = {
    val entry = workers.entry(hello.round, hello.worker)
    pace.admit(entry)
    workers.attempted(hello.round, hello.worker, hello.attempt)
    entry.enter(hello.attempt, candidate, hello.rows) match {
      case None => counters.entered()
      case Some(fenced) =>
        pace.leave(fenced, entry)
        election.leave(fenced).foreach(_.chosen())
        fenced.refuse(ErrorCode.Fenced, s"a newer attempt of partition ${hello.worker} is known")
    }
    entry
  }

  /** The connection wants weights. It learns by `chosen` or `ready`, maybe before the return, which Welcome to give.
    *
    * @throws Refused if the fit has ended
    */
  def join(candidate: Candidate): Unit =
    election.join(candidate) match {
      case Election.Chosen  => candidate.chosen()
      case Election.Waiting => ()
      case Election.Settled =>
        check()
        candidate.ready()
    }

  /** The connection will send no more. */
  def leave(candidate: Candidate, entry: Pace.Entry): Unit = {
    if (entry.leave(candidate)) counters.left()
    pace.leave(candidate, entry)
    election.leave(candidate).foreach(_.chosen())
  }

  /** The connection has given no sign of life for so long. */
  def silent(candidate: Candidate, entry: Pace.Entry, time: FiniteDuration): Unit =
    if (!entry.isDone) entry.attemptOf(candidate).foreach(events.lost(entry.worker, _, time))

  /** A connection of a task that had not come to its first step has given no sign of life. */
  def silent(starting: Starting, time: FiniteDuration): Unit =
    if (!workers.entry(starting.round, starting.worker).isDone)
      events.lost(starting.worker, starting.attempt, time)

  /** As [[Pace.start]]. */
  def start(candidate: Candidate, entry: Pace.Entry)(go: => Unit): Unit = pace.start(candidate, entry)(go)

  /** As [[Pace.push]]. */
  def push(candidate: Candidate, entry: Pace.Entry, push: Pushed)(answered: Option[Long] => Unit): Unit =
    pace.push(candidate, entry, push)(answered)

  /** The worker has nothing more to send. */
  def finish(candidate: Candidate, entry: Pace.Entry): Unit = {
    entry.finish(candidate)
    pace.finish(entry)
    watch.finished()
  }

  /** A worker has waited for others for as long as it may. */
  def overdue(waited: FiniteDuration): Unit = fail(
    s"other workers have waited $waited for ${pace.awaited}. This fit needs all workers of a round at once: see in Spark's UI " +
      "what became of the task; use fewer partitions, or mode 'hogwild' or 'locked' without early stopping, in which nobody waits"
  )

  /** A worker of this host goes on over TCP: that is said once, as it only costs speed. */
  def notShared(why: String): Unit =
    if (warned.compareAndSet(false, true))
      log.warn(s"training goes on over TCP instead of shared memory: $why")

  /** Merges a worker's state when it is its turn; `merged` gets a copy of what comes out. */
  def mergeState(candidate: Candidate, entry: Pace.Entry)(
      change: Array[Byte],
      kept: Array[Float],
      base: Array[Byte]
  )(merged: Array[Byte] => Unit): Unit =
    pace.merge(candidate, entry)(model.state.merge(change, kept, base))(merged)

  /** Tells the listener; `accepted` is called, here or on another thread, when the worker may go on. A worker that goes on where
    * another was lost reports the iteration before, too, as nobody else may have: that may be no news.
    */
  def report(entry: Pace.Entry, report: Report)(accepted: () => Unit): Unit = {
    val (samples, loss) = entry.iteration(report.samples, report.loss)
    if (samples == 0) accepted() else tell(entry, report.copy(samples = samples, loss = loss))(accepted)
  }

  private def tell(entry: Pace.Entry, report: Report)(accepted: () => Unit): Unit = {
    val event = IterationReport(
      iteration = report.iteration,
      partition = entry.worker,
      round = entry.round,
      loss = report.loss,
      samples = report.samples,
      totalSamples = counters.samples,
      steps = steps,
      staleness = entry.takeStaleness(),
      waitedSeconds = report.waited,
      elapsedNanos = System.nanoTime() - model.bornNanos
    )
    events.report(event, () => watch.stop())(accepted)
    watch.ended(entry.worker, report.iteration, report.loss, report.samples)
  }

  /** A worker has computed the loss of its held-out rows, before the report of the same iteration.
    *
    * @throws Refused if its metrics are not what docs/protocol.md says
    */
  def validated(entry: Pace.Entry, validation: Validation): Unit =
    watch.validated(entry.worker, validation.iteration, ValidationPart(validation))

  /** Frees the threads of the store; no connection is left. */
  def close(): Unit = live.foreach(_.consistency.close())

  private def alive(state: ModelState): LiveModel =
    new LiveModel(
      state.layout,
      consistency(StoreSnapshot.first(state.weights), state.layout),
      new StateStore(state.layout, state.state),
      System.nanoTime()
    )

  private def notChosen =
    new Refused(ErrorCode.Malformed, "this worker was not chosen to make the first weights")

  private def end(how: Fit.End): Boolean = {
    val first = ended.compareAndSet(null, how)
    if (first) (election.settle() ++ pace.end()).foreach(_.refuse(ErrorCode.Over, how.message))
    first
  }
}

private[ps] object Fit {
  private final case class End(message: String, failed: Boolean)

  // Characters of a worker's message that are kept, as they go into an Error to each of the others.
  private val longestMessage = 1 << 16
}
