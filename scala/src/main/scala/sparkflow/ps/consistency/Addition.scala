package sparkflow.ps.consistency

import sparkflow.ps.optim.{Optimizer, Slot}

/** The rule for what a worker's own steps have changed: `w ← w + change`. Each worker's change counts in full, as each
  * gradient does; so it is like Downpour SGD (Dean et al., "Large Scale Distributed Deep Networks", 2012) with the
  * optimizer in the worker.
  */
private[consistency] object Addition extends Optimizer {
  override val name = "addition"
  override val slots: Seq[Slot] = Nil

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
      weights(i) += gradient(i)
      i += 1
    }
  }
}
