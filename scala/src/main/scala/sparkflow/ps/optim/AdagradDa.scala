package sparkflow.ps.optim

/** Adagrad by dual averaging: the weights follow from the sums of all gradients, not from the weights before,
  * so the initial weights are gone with the first step.
  * {{{
  * s ← s + g
  * q ← q + g²
  * w ← −lr · shrink(s, l1 · t) / (l2 · t · lr + √q)        shrink(x, k) = sign(x) · max(|x| − k, 0)
  * }}}
  * `s` is slot gradient_accumulator; `q` (gradient_squared_accumulator) starts at its initial value; `t`
  * stands for TensorFlow's global_step after the update.
  *
  * Source: Duchi, Hazan and Singer 2011 (JMLR 12), primal-dual subgradient update; TensorFlow's
  * `AdagradDAOptimizer`.
  *
  * Options: initial_gradient_squared_accumulator_value 0.1 (> 0), l1_regularization_strength 0.0,
  * l2_regularization_strength 0.0 (both >= 0).
  */
private[optim] final class AdagradDa(learningRate: Rate, initial: Float, l1: Float, l2: Float)
    extends Optimizer {
  val name = AdagradDa.name
  val slots: Seq[Slot] = Seq(Slot("gradient_accumulator", 0f), Slot("gradient_squared_accumulator", initial))

  def step(
      weights: Array[Float],
      gradient: Array[Float],
      slots: Array[Array[Float]],
      from: Int,
      until: Int,
      t: Long
  ): Unit = {
    val sum = slots(0)
    val squares = slots(1)
    val lr = learningRate(t)
    val bound = t.toFloat * l1
    val damping = l2 * (t.toFloat * lr)
    var i = from
    while (i < until) {
      val g = gradient(i)
      val s = sum(i) + g
      val q = squares(i) + g * g
      sum(i) = s
      squares(i) = q
      val shrunk = s - Math.max(-bound, Math.min(s, bound))
      weights(i) = -lr * shrunk / (damping + Math.sqrt(q.toDouble).toFloat)
      i += 1
    }
  }
}

private[optim] object AdagradDa extends Family("adagrad_da") {
  private val initial = new Number("initial_gradient_squared_accumulator_value", 0.1, Domain.positive)
  private val l1 = new Number("l1_regularization_strength", 0.0, Domain.notNegative)
  private val l2 = new Number("l2_regularization_strength", 0.0, Domain.notNegative)
  val settings = Seq(initial, l1, l2)

  def create(learningRate: Rate, options: Options): Optimizer =
    new AdagradDa(learningRate, options(initial), options(l1), options(l2))
}
