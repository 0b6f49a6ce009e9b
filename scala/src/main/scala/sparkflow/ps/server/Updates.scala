package sparkflow.ps.server

import sparkflow.ps.consistency.{Consistency, Contribution}
import sparkflow.ps.protocol.{ErrorCode, Refused}

/** A push that has come in.
  *
  * @param step    its number within the worker
  * @param base    the version of the weights that it was computed on
  * @param samples that it was computed from
  * @param loss    their mean
  */
private[server] final case class Pushed(
    step: Long,
    base: Long,
    samples: Int,
    loss: Double,
    brings: Contribution
)

/** Applies what workers push, each step once, and counts it. Thread-safe. */
private[server] final class Updates(
    consistency: => Consistency,
    counters: Counters,
    snapshots: => Snapshots
) {

  /** Applies a push by itself, unless it was applied before.
    *
    * @return the version after it; None if it was applied before
    * @throws Refused if the connection is fenced off, or the push does not fit in
    */
  def one(connection: Candidate, entry: WorkerEntry[Candidate], push: Pushed): Option[Long] = {
    var version = 0L
    val fresh = snapshots.updating {
      entry.push(connection, push.step, push.samples, push.loss) {
        check(push)
        version = push.brings.applyTo(consistency)
        val staleness = version - 1 - push.base
        counters.applied(push.samples.toLong, staleness)
        staleness
      }
    }
    if (fresh) snapshots.passing(version)
    Option.when(fresh)(version)
  }

  /** Applies the mean of pushes, each the next of its worker, as one update. All that their workers have done since the
    * update before, merging their states and reporting, is in a snapshot that is taken now.
    */
  def mean(pushes: Seq[(WorkerEntry[Candidate], Pushed)]): Unit = {
    snapshots.passing(consistency.version)
    snapshots.updating {
      Contribution.mean(pushes.map { case (_, push) => (push.brings, push.samples) }).applyTo(consistency)
      counters.applied(pushes.map(_._2.samples.toLong).sum, 0)
      pushes.foreach { case (entry, push) => entry.applied(0, push.samples, push.loss) }
    }
  }

  /** @throws Refused if it was computed on weights that there have not been yet */
  def check(push: Pushed): Unit =
    if (push.base < 0 || push.base > consistency.version || push.samples < 0)
      throw new Refused(
        ErrorCode.Malformed,
        s"a gradient of ${push.samples} samples on version ${push.base}, which is not among 0 to ${consistency.version}"
      )
}
