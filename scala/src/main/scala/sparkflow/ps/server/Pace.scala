package sparkflow.ps.server

/** Which workers wait for which: what a mode is beside [[sparkflow.ps.consistency.Consistency]]. Thread-safe. What a
  * method is given to be called is called once: before its return, or later on any thread, or never if the connection
  * leaves or the fit ends before.
  */
private[server] trait Pace {
  import Pace.Entry

  /** A round begins, of these workers. */
  def begin(workers: Seq[Entry]): Unit

  /** @throws Refused if it has no part in the round */
  def admit(entry: Entry): Unit

  /** A worker that has connected wants the weights, to compute its next step. */
  def start(connection: Candidate, entry: Entry)(go: => Unit): Unit

  /** Applies a push, unless it was applied before.
    *
    * @param answered with the version of the weights that were put where the push wants them, None if they were not
    * @throws Refused if the connection is fenced off, or the push does not fit in
    */
  def push(connection: Candidate, entry: Entry, push: Pushed)(answered: Option[Long] => Unit): Unit

  /** Runs the merge of a worker's state when it is this worker's turn. */
  def merge(connection: Candidate, entry: Entry)(merge: => Array[Byte])(merged: Array[Byte] => Unit): Unit

  /** The connection no longer speaks for the worker. */
  def leave(connection: Candidate, entry: Entry): Unit

  /** The worker has nothing more to send. */
  def finish(entry: Entry): Unit

  /** The fit has ended. @return the connections that are kept waiting */
  def end(): Seq[Candidate]

  /** The workers that others wait for, and why they are not there. */
  def awaited: String
}

private[server] object Pace {
  type Entry = WorkerEntry[Candidate]

  /** @param gathered whether no worker may run before all are there, in the modes in which they do not wait later
    * @throws IllegalArgumentException for a mode that there is not
    */
  def apply(mode: String, maxStaleness: Int, gathered: Boolean, updates: Updates): Pace = mode match {
    case "hogwild" | "locked" => if (gathered) new Gathered(updates) else new Free(updates)
    case "ssp"                => new Ssp(maxStaleness, updates)
    case "sync"               => new Sync(updates)
    case other                => throw new IllegalArgumentException(s"mode '$other' has no pace")
  }
}

/** Nobody waits for anybody. */
private[server] final class Free(updates: Updates) extends Pace {
  import Pace.Entry

  override def begin(workers: Seq[Entry]): Unit = ()
  override def admit(entry: Entry): Unit = ()
  override def start(connection: Candidate, entry: Entry)(go: => Unit): Unit = go

  override def push(connection: Candidate, entry: Entry, push: Pushed)(
      answered: Option[Long] => Unit
  ): Unit =
    answered(updates.one(connection, entry, push))

  override def merge(connection: Candidate, entry: Entry)(merge: => Array[Byte])(
      merged: Array[Byte] => Unit
  ): Unit = merged(merge)

  override def leave(connection: Candidate, entry: Entry): Unit = ()
  override def finish(entry: Entry): Unit = ()
  override def end(): Seq[Candidate] = Nil
  override def awaited: String = "nobody"
}
