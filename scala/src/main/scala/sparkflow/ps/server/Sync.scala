package sparkflow.ps.server

import sparkflow.ps.protocol.{ErrorCode, Refused}

/** Bulk synchronous: when each worker that is not done has made its move, all moves are carried out, in the order of the
  * workers and not of their coming. Changes of the state come first, and all who bring one get what comes of them together;
  * when no worker brings one, the mean of the pushes is one update. So nothing depends on who is faster: the same rows and seed give the same model, to the bit.
  */
private[server] final class Sync(updates: Updates) extends Together[Sync.Move] {
  import Pace.Entry
  import Sync._

  // Nothing is applied before this worker's first push.
  override def start(connection: Candidate, entry: Entry)(go: => Unit): Unit = go

  override def push(connection: Candidate, entry: Entry, push: Pushed)(
      answered: Option[Long] => Unit
  ): Unit = {
    var before = false
    hold(connection, entry) {
      before = !entry.expects(connection, push.step)
      if (before) None
      else {
        check(push)
        Some(new Gradient(connection, entry, push, () => answered(None)))
      }
    }
    if (before) answered(None)
  }

  override def merge(connection: Candidate, entry: Entry)(merge: => Array[Byte])(
      merged: Array[Byte] => Unit
  ): Unit = hold(connection, entry)(Some(new State(connection, () => merge, merged)))

  override protected def released(): Seq[() => Unit] =
    if (held.isEmpty || members.exists(keepsOthers)) Nil
    else {
      val moves = held.toSeq.sortBy(_._1).map(_._2)
      val states = moves.collect { case state: State => state }
      val done = if (states.nonEmpty) merge(states) else step(moves)
      held = if (states.nonEmpty) held.filterNot(_._2.isInstanceOf[State]) else Map.empty
      done
    }

  private def merge(states: Seq[State]): Seq[() => Unit] = {
    val outcome = states.map(_.merge()).last
    states.map(state => () => state.merged(outcome))
  }

  private def step(moves: Seq[Move]): Seq[() => Unit] = {
    val gradients = moves.collect { case gradient: Gradient => gradient }
    updates.mean(gradients.map(g => (g.entry, g.push)))
    gradients.map(_.answered)
  }

  override protected def keepsOthers(entry: Entry): Boolean = !entry.isDone && !held.contains(entry.worker)

  private def check(push: Pushed): Unit = {
    updates.check(push)
    if (push.samples == 0)
      throw new Refused(ErrorCode.Malformed, "a gradient of 0 samples has no weight in a mean")
    held.values.collectFirst {
      case gradient: Gradient if !gradient.push.brings.isLike(push.brings) =>
        throw new Refused(
          ErrorCode.Malformed,
          "a step has one mean: its pushes are all gradients, or all changes, or all by rows"
        )
    }
    ()
  }
}

private object Sync {
  sealed trait Move extends Together.Held

  final class Gradient(
      val connection: Candidate,
      val entry: Pace.Entry,
      val push: Pushed,
      val answered: () => Unit
  ) extends Move

  final class State(
      val connection: Candidate,
      val merge: () => Array[Byte],
      val merged: Array[Byte] => Unit
  ) extends Move
}
