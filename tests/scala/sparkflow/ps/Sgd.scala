package sparkflow.ps

import sparkflow.ps.optim.{Optimizer, Slot}

/** w -= rate * g; with rate 1 and whole numbers every sum is exact. */
final class Sgd(rate: Float = 1f) extends Optimizer {
  override def name = "sgd"
  override def slots: Seq[Slot] = Nil
  override def step(
      weights: Array[Float],
      gradient: Array[Float],
      slots: Array[Array[Float]],
      from: Int,
      until: Int,
      t: Long
  ): Unit = {
    var i = from
    while (i < until) {
      weights(i) -= rate * gradient(i)
      i += 1
    }
  }
}
