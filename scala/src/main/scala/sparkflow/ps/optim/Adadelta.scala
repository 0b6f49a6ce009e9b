package sparkflow.ps.optim

/** Adadelta:
  * {{{
  * a ← a · rho + g² · (1 − rho)
  * d = √(u + epsilon) / √(a + epsilon) · g
  * u ← u · rho + d² · (1 − rho)
  * w ← w − lr · d
  * }}}
  * `a` is slot accum, `u` is accum_update.
  *
  * Source: Zeiler 2012 (arXiv:1212.5701), algorithm 1, which has lr = 1; TensorFlow's `AdadeltaOptimizer`.
  *
  * Options: rho 0.95 (in [0, 1]), epsilon 1e-8 (>= 0).
  */
private[optim] final class Adadelta(learningRate: Rate, rho: Float, epsilon: Float) extends Optimizer {
  val name = Adadelta.name
  val slots: Seq[Slot] = Seq(Slot("accum", 0f), Slot("accum_update", 0f))

  def step(
      weights: Array[Float],
      gradient: Array[Float],
      slots: Array[Array[Float]],
      from: Int,
      until: Int,
      t: Long
  ): Unit = {
    val accum = slots(0)
    val accumUpdate = slots(1)
    val lr = learningRate(t)
    val keep = rho
    val add = 1f - rho
    val eps = epsilon
    var i = from
    while (i < until) {
      val g = gradient(i)
      val a = Decay.settle(accum(i) * keep + g * g * add)
      val u = accumUpdate(i)
      val d = Math.sqrt((u + eps).toDouble).toFloat * (1f / Math.sqrt((a + eps).toDouble).toFloat) * g
      accum(i) = a
      accumUpdate(i) = Decay.settle(u * keep + d * d * add)
      weights(i) -= d * lr
      i += 1
    }
  }
}

private[optim] object Adadelta extends Family("adadelta") {
  private val rho = new Number("rho", 0.95, Domain.fraction)
  private val epsilon = new Number("epsilon", 1e-8, Domain.notNegative)
  val settings = Seq(rho, epsilon)

  def create(learningRate: Rate, options: Options): Optimizer =
    new Adadelta(learningRate, options(rho), options(epsilon))
}
