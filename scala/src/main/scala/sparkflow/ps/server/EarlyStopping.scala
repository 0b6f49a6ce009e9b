package sparkflow.ps.server

/** The rule of Keras' EarlyStopping for a loss, or for a value that is to rise. Not thread-safe. */
private[server] final class EarlyStopping(patience: Int, minDelta: Double, rises: Boolean = false) {
  private var lowest = Double.PositiveInfinity // of what is to fall: a value that is to rise, turned round
  private var since = 0 // iterations after the best
  private var best: Option[Int] = None

  /** The iteration of the last improvement. */
  def bestIteration: Option[Int] = best

  /** The next iteration has this value. @return whether it is an improvement; the first one is */
  def improves(iteration: Int, value: Double): Boolean = {
    val loss = if (rises) -value else value
    val better = loss < lowest - minDelta
    if (better) {
      lowest = loss
      best = Some(iteration)
    }
    since = if (better) 0 else since + 1
    better
  }

  /** Whether there was no improvement for as long as patience goes. */
  def isOver: Boolean = patience > 0 && since >= patience
}
