package sparkflow.ps

/** When a fit ends before its workers are done, and what is kept of it.
  *
  * @param patience    iterations without improvement after which it ends; 0 for never
  * @param minDelta    by how much it must be better than the best before to be an improvement
  * @param restoreBest whether the result is a copy of the weights at the last improvement
  * @param metric      of the validation, that must improve; None for the loss
  * @param rises       whether higher is better
  */
final case class Stopping(
    patience: Int,
    minDelta: Double,
    restoreBest: Boolean,
    metric: Option[String] = None,
    rises: Boolean = false
)
