package sparkflow.ps

/** When a fit ends before its workers are done, and what is kept of it.
  *
  * @param patience    iterations without improvement after which it ends; 0 for never
  * @param minDelta    by how much a loss must be below the best one before to be an improvement
  * @param restoreBest whether the result is a copy of the weights at the last improvement
  */
final case class Stopping(patience: Int, minDelta: Double, restoreBest: Boolean)
