package sparkflow.ps.server

import sparkflow.ps.protocol.{ErrorCode, Refused}

/** The workers of a round wait for each other, each at most for one thing at a time, which is kept here under its lock.
  *
  * @tparam H what is kept of a worker that waits
  */
private[server] abstract class Together[H <: Together.Held] extends Pace {
  import Pace.Entry

  protected var members: Seq[Entry] = Nil
  protected var held: Map[Int, H] = Map.empty // by worker
  private var over = false

  /** Takes those out of `held` that need not wait any longer, and returns what is to be called for them. */
  protected def released(): Seq[() => Unit]

  /** Whether others wait for this worker; asked when somebody waits. */
  protected def keepsOthers(entry: Entry): Boolean

  override def begin(workers: Seq[Entry]): Unit = synchronized { members = workers }

  override def admit(entry: Entry): Unit = synchronized {
    if (!members.contains(entry))
      throw new Refused(
        ErrorCode.Malformed,
        s"partition ${entry.worker} of round ${entry.round} has no part in the round of ${members.size} workers that runs"
      )
  }

  /** Keeps what `what` gives for the worker, if anything, until it is released. */
  protected def hold(connection: Candidate, entry: Entry)(what: => Option[H]): Unit = settle {
    entry.check(connection)
    if (over) throw new Refused(ErrorCode.Over, "the fit is over")
    what.foreach(h => held += entry.worker -> h)
  }

  override def leave(connection: Candidate, entry: Entry): Unit = synchronized {
    if (held.get(entry.worker).exists(_.connection eq connection)) held -= entry.worker
  }

  override def finish(entry: Entry): Unit = settle(())

  override def end(): Seq[Candidate] = synchronized {
    over = true
    val all = held.values.map(_.connection).toSeq
    held = Map.empty
    all
  }

  override def awaited: String = synchronized {
    members
      .filter(m => !m.isDone && keepsOthers(m))
      .map(m => s"partition ${m.worker}: ${m.whereabouts}")
      .mkString("; ")
  }

  // What is called answers a worker: that is not for others to wait for.
  private def settle(change: => Unit): Unit = {
    val free = synchronized {
      change
      released()
    }
    free.foreach(_())
  }
}

private[server] object Together {

  /** Something that a worker waits for. */
  trait Held {
    def connection: Candidate
  }
}
