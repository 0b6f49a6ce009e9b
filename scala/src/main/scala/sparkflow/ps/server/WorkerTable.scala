package sparkflow.ps.server

import java.util.concurrent.ConcurrentHashMap

import scala.jdk.CollectionConverters._

import sparkflow.ps.WorkerProgress
import sparkflow.ps.protocol.{ErrorCode, Refused}

/** The workers of one fit, by (round, partition). An entry outlives its connections: it knows where a retry goes on. */
private[server] final class WorkerTable[C <: AnyRef] {
  private val entries = new ConcurrentHashMap[(Int, Int), WorkerEntry[C]]
  private val attempts = ConcurrentHashMap.newKeySet[(Int, Int, Long)]

  def entry(round: Int, worker: Int): WorkerEntry[C] =
    entries.computeIfAbsent((round, worker), _ => new WorkerEntry(round, worker))

  /** How far the workers of a round have come, in their order. */
  def progress(round: Int): Seq[WorkerProgress] =
    entries.values.asScala.filter(_.round == round).map(_.progress).toSeq.sortBy(_.worker)

  /** An attempt has connected, whether or not it comes to train. */
  def attempted(round: Int, worker: Int, attempt: Long): Unit = {
    attempts.add((round, worker, attempt))
    ()
  }

  /** Attempts at any worker after its first. */
  def retries: Int = {
    val all = attempts.asScala.toSeq
    all.size - all.map { case (round, worker, _) => (round, worker) }.distinct.size
  }
}

/** One partition in one round. Its lock is held while a gradient is applied, so that a newer attempt learns the next
  * step only after the older one's last update.
  */
private[server] final class WorkerEntry[C <: AnyRef](val round: Int, val worker: Int) {
  @volatile private var attempt = Long.MinValue // changed under the lock; the newest that was ready to train
  private var owner: Option[C] = None
  @volatile private var done = false
  @volatile private var next = 0L // changed under the lock
  private var staleness = 0L // of the updates since the last report
  private var updates = 0L
  private var own, earlier = Seen.nothing // since the last report, by this connection and by those before it
  private var rows: Option[Long] = None
  private var expectedRows: Option[Long] = None

  def progress: WorkerProgress = synchronized {
    val seen = own + earlier
    WorkerProgress(worker, rows, next, seen.samples, seen.total)
  }

  /** Goes on from where the worker has come to in a fit that was cut short; before its first connection. */
  def restore(progress: WorkerProgress): Unit = synchronized {
    rows = progress.rows
    expectedRows = progress.rows
    next = progress.step
    earlier = Seen(progress.samples, progress.loss)
  }

  /** The next step that is expected. */
  def nextStep: Long = synchronized(next)

  /** Steps that were applied. Unlike `nextStep` it waits for none that is being applied. */
  def clock: Long = next

  /** Whether an attempt has ever been ready to train. */
  def hasCome: Boolean = attempt != Long.MinValue

  /** Whether the worker has nothing more to send; so it stays, as a further attempt has nothing to do. */
  def isDone: Boolean = done

  /** The newest attempt, if `connection` is the one that speaks for it. */
  def attemptOf(connection: C): Option[Long] = synchronized(Option.when(owns(connection))(attempt))

  /** What keeps others waiting that wait for this worker's step. */
  def whereabouts: String = synchronized {
    if (owner.isDefined) s"its task is connected but has not pushed step $next"
    else if (!hasCome) "its task has not started, or still reads its rows"
    else s"its task was lost before step $next and no other has come in its place"
  }

  /** Makes `connection` the one that speaks for this worker.
    *
    * @param rows of its partition
    * @return the connection that is fenced off by it
    * @throws Refused if a newer attempt is known, or the partition should have other rows
    */
  def enter(attempt: Long, connection: C, rows: Long): Option[C] = synchronized {
    for (before <- expectedRows if before != rows)
      throw new Refused(
        ErrorCode.Sizes,
        s"partition $worker has $rows rows, but had $before when the checkpoint was made: to go on from it, the DataFrame must " +
          "hold the same rows in the same partitions; otherwise set resume to false and another checkpointDir"
      )
    this.rows = Some(rows)
    if (attempt < this.attempt)
      throw new Refused(
        ErrorCode.Fenced,
        s"attempt $attempt of partition $worker is too late: ${this.attempt} is known"
      )
    this.attempt = attempt
    earlier += own
    own = Seen.nothing
    val fenced = owner
    owner = Some(connection)
    fenced
  }

  /** @return whether it was the one that speaks for the worker, so that now there is none */
  def leave(connection: C): Boolean = synchronized {
    val owned = owns(connection)
    if (owned) owner = None
    owned
  }

  /** The worker has nothing more to send. */
  def finish(connection: C): Unit = synchronized {
    check(connection)
    done = true
  }

  /** @throws Refused if another connection speaks for this worker now */
  def check(connection: C): Unit = synchronized {
    if (!owns(connection))
      throw new Refused(ErrorCode.Fenced, s"a newer attempt of partition $worker is known: $attempt")
  }

  /** Runs `update`, which returns the update's staleness, if the push is the next one; a step that was applied before is
    * passed over.
    *
    * @return whether the update was applied
    * @throws Refused if the connection is fenced off, or steps before this one are missing
    */
  def push(connection: C, step: Long, samples: Int, loss: Double)(update: => Long): Boolean = synchronized {
    val fresh = expects(connection, step)
    if (fresh) applied(update, samples, loss)
    fresh
  }

  /** Whether `step` is the next one; otherwise it was applied before.
    *
    * @throws Refused as `push` does
    */
  def expects(connection: C, step: Long): Boolean = synchronized {
    check(connection)
    if (step > next || step < 0)
      throw new Refused(ErrorCode.Malformed, s"partition $worker pushed step $step, expected step $next")
    step == next
  }

  /** The step that was expected has been applied. */
  def applied(staleness: Long, samples: Int, loss: Double): Unit = synchronized {
    own += Seen(samples.toLong, samples * loss)
    this.staleness += staleness
    updates += 1
    next += 1
  }

  /** Samples and mean loss of an iteration that has ended, of which the last attempt at it has made these. */
  def iteration(samples: Long, loss: Double): (Long, Double) = synchronized {
    val all = earlier + Seen(samples, samples * loss)
    val mean = if (earlier == Seen.nothing) loss else all.total / all.samples
    own = Seen.nothing
    earlier = Seen.nothing
    (all.samples, mean)
  }

  /** Mean staleness of the updates since the last call; 0 if there were none. */
  def takeStaleness(): Double = synchronized {
    val mean = if (updates == 0) 0.0 else staleness.toDouble / updates
    staleness = 0
    updates = 0
    mean
  }

  private def owns(connection: C): Boolean = owner.exists(_ eq connection)
}

/** @param total of the samples' losses */
private[server] final case class Seen(samples: Long, total: Double) {
  def +(more: Seen): Seen = Seen(samples + more.samples, total + more.total)
}

private[server] object Seen {
  val nothing: Seen = Seen(0, 0)
}
