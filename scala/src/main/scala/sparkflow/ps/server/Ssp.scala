package sparkflow.ps.server

/** Stale synchronous parallel (Ho et al., "More Effective Distributed ML via a Stale Synchronous Parallel Parameter
  * Server", 2013): a push is applied as it comes, but a worker computes its next step only when it is at most `most`
  * steps ahead of the slowest that is not done. So what it computes on has all updates up to so many steps before.
  */
private[server] final class Ssp(most: Int, updates: Updates) extends Together[Ssp.Held] {
  import Pace.Entry

  override def start(connection: Candidate, entry: Entry)(go: => Unit): Unit =
    hold(connection, entry)(Some(new Ssp.Held(connection, entry, _ => go)))

  // Of a worker that has to wait, the weights that the push put are those before what it waits for.
  override def push(connection: Candidate, entry: Entry, push: Pushed)(
      answered: Option[Long] => Unit
  ): Unit = {
    val version = updates.one(connection, entry, push)
    hold(connection, entry)(
      Some(new Ssp.Held(connection, entry, waited => answered(if (waited) None else version)))
    )
  }

  // An average is as stale as the weights may be.
  override def merge(connection: Candidate, entry: Entry)(merge: => Array[Byte])(
      merged: Array[Byte] => Unit
  ): Unit = merged(merge)

  override protected def released(): Seq[() => Unit] = {
    val slowest = slowestClock
    val (free, still) = held.partition { case (_, h) => h.entry.clock - slowest <= most }
    val go = free.values.map { h =>
      val waited = h.waits
      () => h.go(waited)
    }.toSeq
    still.values.foreach(_.waits = true)
    held = still
    go
  }

  override protected def keepsOthers(entry: Entry): Boolean = entry.clock == slowestClock

  private def slowestClock: Long =
    members.iterator.filterNot(_.isDone).map(_.clock).minOption.getOrElse(Long.MaxValue)
}

private object Ssp {

  /** @param go to be called with whether it had to wait */
  final class Held(val connection: Candidate, val entry: Pace.Entry, val go: Boolean => Unit)
      extends Together.Held {
    var waits = false
  }
}
