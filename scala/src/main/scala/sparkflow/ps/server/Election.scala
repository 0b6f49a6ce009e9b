package sparkflow.ps.server

import scala.collection.mutable

/** Chooses who makes the first weights: the first to join, and if that one leaves before there are weights, the one
  * that has waited longest. Thread-safe; it calls nobody, so the caller may hold no lock or any.
  */
private[server] final class Election[C <: AnyRef] {
  import Election._

  private val waiting = mutable.LinkedHashSet.empty[C]
  private var chosen: Option[C] = None
  private var settled = false // there are weights, or there never will be

  def join(candidate: C): Turn = synchronized {
    if (settled) Settled
    else if (chosen.isEmpty) {
      chosen = Some(candidate)
      Chosen
    } else {
      waiting += candidate
      Waiting
    }
  }

  def isChosen(candidate: C): Boolean = synchronized(!settled && chosen.exists(_ eq candidate))

  /** @return who is chosen now in place of the one that left */
  def leave(candidate: C): Option[C] = synchronized {
    waiting -= candidate
    if (!isChosen(candidate)) None
    else {
      chosen = waiting.headOption
      chosen.foreach(waiting -= _)
      chosen
    }
  }

  /** Runs `begin` if the candidate is still the chosen one; then nobody is chosen any more.
    *
    * @return those that were waiting; None if another was chosen in the meantime
    */
  def win(candidate: C)(begin: => Unit): Option[Seq[C]] = synchronized {
    if (!isChosen(candidate)) None
    else {
      begin
      Some(settle())
    }
  }

  /** Nobody is chosen any more. @return those that were waiting */
  def settle(): Seq[C] = synchronized {
    settled = true
    chosen = None
    val all = waiting.toSeq
    waiting.clear()
    all
  }
}

private[server] object Election {
  sealed trait Turn
  case object Chosen extends Turn
  case object Waiting extends Turn
  case object Settled extends Turn
}
