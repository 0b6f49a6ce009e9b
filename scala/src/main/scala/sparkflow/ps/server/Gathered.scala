package sparkflow.ps.server

/** Nobody waits for anybody once all workers of the round are there. For early stopping, which judges the iterations that all
  * have ended: a worker that begins seconds after another would find that one many iterations ahead.
  */
private[server] final class Gathered(updates: Updates) extends Applied(updates) {
  import Pace.Entry

  @volatile private var gathered = false

  override def begin(workers: Seq[Entry]): Unit = {
    gathered = false
    super.begin(workers)
  }

  override def push(connection: Candidate, entry: Entry, push: Pushed)(
      answered: Option[Long] => Unit
  ): Unit =
    if (gathered) answered(updates.one(connection, entry, push))
    else super.push(connection, entry, push)(answered)

  override protected def free: Entry => Boolean = {
    gathered ||= !members.exists(keepsOthers)
    _ => gathered
  }

  override protected def keepsOthers(entry: Entry): Boolean = !entry.hasCome && !entry.isDone
}
