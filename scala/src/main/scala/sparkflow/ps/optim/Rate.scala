package sparkflow.ps.optim

/** The learning rate of each update. Used by any number of threads at once. */
trait Rate {

  /** @param t which update this is, counted from 1 */
  def apply(t: Long): Float
}

object Rate {
  def constant(rate: Float): Rate = _ => rate
}
