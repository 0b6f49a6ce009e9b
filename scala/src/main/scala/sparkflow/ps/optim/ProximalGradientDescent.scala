package sparkflow.ps.optim

/** Gradient descent, then a proximal step for the L1 and L2 penalties:
  * {{{
  * w ← shrink(w − g · lr, lr · l1) / (1 + l2 · lr)        shrink(x, k) = sign(x) · max(|x| − k, 0)
  * }}}
  * Source: Duchi and Singer 2009 (FOBOS, NIPS 22); TensorFlow's `ProximalGradientDescentOptimizer`.
  *
  * Options: l1_regularization_strength 0.0, l2_regularization_strength 0.0 (both >= 0).
  */
private[optim] final class ProximalGradientDescent(learningRate: Rate, l1: Float, l2: Float)
    extends Optimizer {
  val name = ProximalGradientDescent.name
  val slots: Seq[Slot] = Seq.empty

  def step(
      weights: Array[Float],
      gradient: Array[Float],
      slots: Array[Array[Float]],
      from: Int,
      until: Int,
      t: Long
  ): Unit = {
    val lr = learningRate(t)
    val bound = lr * l1
    val damping = 1f + l2 * lr
    var i = from
    while (i < until) {
      val moved = weights(i) - gradient(i) * lr
      weights(i) = (moved - Math.max(-bound, Math.min(moved, bound))) / damping
      i += 1
    }
  }
}

private[optim] object ProximalGradientDescent extends Family("proximal_gradient_descent") {
  private val l1 = new Number("l1_regularization_strength", 0.0, Domain.notNegative)
  private val l2 = new Number("l2_regularization_strength", 0.0, Domain.notNegative)
  val settings = Seq(l1, l2)

  def create(learningRate: Rate, options: Options): Optimizer =
    new ProximalGradientDescent(learningRate, options(l1), options(l2))
}
