package sparkflow.ps.server

/** A push is applied as it comes, but its answer, and so the worker's next step, may have to wait for other workers. */
private[server] abstract class Applied(updates: Updates) extends Together[Applied.Held] {
  import Pace.Entry

  /** Says who need not wait as things are. */
  protected def free: Entry => Boolean

  override def start(connection: Candidate, entry: Entry)(go: => Unit): Unit =
    hold(connection, entry)(Some(new Applied.Held(connection, entry, _ => go)))

  // Of a worker that has to wait, the weights that the push put are those before what it waits for.
  override def push(connection: Candidate, entry: Entry, push: Pushed)(
      answered: Option[Long] => Unit
  ): Unit = {
    val version = updates.one(connection, entry, push)
    hold(connection, entry)(
      Some(new Applied.Held(connection, entry, waited => answered(if (waited) None else version)))
    )
  }

  // An average is as stale as the weights may be.
  override def merge(connection: Candidate, entry: Entry)(merge: => Array[Byte])(
      merged: Array[Byte] => Unit
  ): Unit = merged(merge)

  override protected def released(): Seq[() => Unit] = {
    val may = free
    val (gone, still) = held.partition { case (_, h) => may(h.entry) }
    val go = gone.values.map { h =>
      val waited = h.waits
      () => h.go(waited)
    }.toSeq
    still.values.foreach(_.waits = true)
    held = still
    go
  }
}

private object Applied {

  /** @param go to be called with whether it had to wait */
  final class Held(val connection: Candidate, val entry: Pace.Entry, val go: Boolean => Unit)
      extends Together.Held {
    var waits = false
  }
}
