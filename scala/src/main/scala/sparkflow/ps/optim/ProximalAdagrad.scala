package sparkflow.ps.optim

/** Adagrad, then a proximal step for the L1 and L2 penalties:
  * {{{
  * a ← a + g²
  * r = lr / √a
  * w ← shrink(w − g · r, r · l1) / (1 + l2 · r)        shrink(x, k) = sign(x) · max(|x| − k, 0)
  * }}}
  * `a` (slot accumulator) starts at initial_accumulator_value.
  *
  * Source: Duchi and Singer 2009 (FOBOS, NIPS 22), with Adagrad's rate; TensorFlow's
  * `ProximalAdagradOptimizer`.
  *
  * Options: initial_accumulator_value 0.1 (> 0), l1_regularization_strength 0.0, l2_regularization_strength
  * 0.0 (both >= 0).
  */
private[optim] final class ProximalAdagrad(learningRate: Rate, initial: Float, l1: Float, l2: Float)
    extends Optimizer {
  val name = ProximalAdagrad.name
  val slots: Seq[Slot] = Seq(Slot("accumulator", initial))

  def step(
      weights: Array[Float],
      gradient: Array[Float],
      slots: Array[Array[Float]],
      from: Int,
      until: Int,
      t: Long
  ): Unit = {
    val accumulator = slots(0)
    val lr = learningRate(t)
    val one = l1
    val two = l2
    var i = from
    while (i < until) {
      val g = gradient(i)
      val a = accumulator(i) + g * g
      accumulator(i) = a
      val rate = lr / Math.sqrt(a.toDouble).toFloat
      val moved = weights(i) - g * rate
      val bound = rate * one
      weights(i) = (moved - Math.max(-bound, Math.min(moved, bound))) / (1f + two * rate)
      i += 1
    }
  }
}

private[optim] object ProximalAdagrad extends Family("proximal_adagrad") {
  private val initial = new Number("initial_accumulator_value", 0.1, Domain.positive)
  private val l1 = new Number("l1_regularization_strength", 0.0, Domain.notNegative)
  private val l2 = new Number("l2_regularization_strength", 0.0, Domain.notNegative)
  val settings = Seq(initial, l1, l2)

  def create(learningRate: Rate, options: Options): Optimizer =
    new ProximalAdagrad(learningRate, options(initial), options(l1), options(l2))
}
