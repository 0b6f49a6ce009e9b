package sparkflow.ps.server

/** Stale synchronous parallel (Ho et al., "More Effective Distributed ML via a Stale Synchronous Parallel Parameter
  * Server", 2013): a push is applied as it comes, but a worker computes its next step only when it is at most `most`
  * steps ahead of the slowest that is not done. So what it computes on has all updates up to so many steps before.
  */
private[server] final class Ssp(most: Int, updates: Updates) extends Applied(updates) {
  import Pace.Entry

  override protected def free: Entry => Boolean = {
    val slowest = slowestClock
    _.clock - slowest <= most
  }

  override protected def keepsOthers(entry: Entry): Boolean = entry.clock == slowestClock

  private def slowestClock: Long =
    members.iterator.filterNot(_.isDone).map(_.clock).minOption.getOrElse(Long.MaxValue)
}
