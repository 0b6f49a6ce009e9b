package sparkflow.ps.optim

/** Gradient descent with momentum:
  * {{{
  * p ← p · momentum + g
  * w ← w − lr · p                          or w − (lr · g + lr · momentum · p) with Nesterov's
  * }}}
  * Source: Polyak 1964; Nesterov's in the form of Sutskever et al. 2013 (PMLR 28); TensorFlow's
  * `MomentumOptimizer`.
  *
  * Options: momentum 0.9 (in [-1, 1]; TensorFlow has no default), use_nesterov false.
  */
private[optim] final class Momentum(learningRate: Rate, momentum: Float, nesterov: Boolean)
    extends Optimizer {
  val name = Momentum.name
  val slots: Seq[Slot] = Seq(Slot("momentum", 0f))

  def step(
      weights: Array[Float],
      gradient: Array[Float],
      slots: Array[Array[Float]],
      from: Int,
      until: Int,
      t: Long
  ): Unit =
    if (nesterov) stepNesterov(weights, gradient, slots(0), learningRate(t), from, until)
    else stepPlain(weights, gradient, slots(0), learningRate(t), from, until)

  private def stepPlain(
      weights: Array[Float],
      gradient: Array[Float],
      mom: Array[Float],
      lr: Float,
      from: Int,
      until: Int
  ): Unit = {
    val mu = momentum
    var i = from
    while (i < until) {
      val p = Decay.settle(mom(i) * mu + gradient(i))
      mom(i) = p
      weights(i) -= p * lr
      i += 1
    }
  }

  private def stepNesterov(
      weights: Array[Float],
      gradient: Array[Float],
      mom: Array[Float],
      lr: Float,
      from: Int,
      until: Int
  ): Unit = {
    val mu = momentum
    var i = from
    while (i < until) {
      val g = gradient(i)
      val p = Decay.settle(mom(i) * mu + g)
      mom(i) = p
      weights(i) -= g * lr + p * mu * lr
      i += 1
    }
  }
}

private[optim] object Momentum extends Family("momentum") {
  private val momentum = new Number("momentum", 0.9, Domain.momentum)
  private val nesterov = new Flag("use_nesterov", false)
  val settings = Seq(momentum, nesterov)

  def create(learningRate: Rate, options: Options): Optimizer =
    new Momentum(learningRate, options(momentum), options(nesterov))
}
