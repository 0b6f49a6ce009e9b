package sparkflow.ps.optim

/** Adam with decoupled weight decay:
  * {{{
  * w ← w − w · weight_decay · lr
  * w ← w − Adam's step                                  see Adam
  * }}}
  * Source: Loshchilov and Hutter 2019 (arXiv:1711.05101), with the decay in the learning rate's measure; Keras' `AdamW`.
  *
  * Options: beta1 0.9, beta2 0.999 (both in [0, 1)), epsilon 1e-7 (> 0), weight_decay 0.004 (>= 0).
  */
private[optim] final class AdamW(learningRate: Rate, adam: Adam, weightDecay: Float) extends Optimizer {
  val name = AdamW.name
  val slots: Seq[Slot] = adam.slots

  def step(
      weights: Array[Float],
      gradient: Array[Float],
      slots: Array[Array[Float]],
      from: Int,
      until: Int,
      t: Long
  ): Unit = {
    val decay = weightDecay
    val lr = learningRate(t)
    var i = from
    while (i < until) {
      weights(i) -= weights(i) * decay * lr
      i += 1
    }
    adam.step(weights, gradient, slots, from, until, t)
  }
}

private[optim] object AdamW extends Family("adamw") {
  private val beta1 = new Number("beta1", 0.9, Domain.belowOne)
  private val beta2 = new Number("beta2", 0.999, Domain.belowOne)
  private val epsilon = new Number("epsilon", 1e-7, Domain.positive)
  private val weightDecay = new Number("weight_decay", 0.004, Domain.notNegative)
  val settings = Seq(beta1, beta2, epsilon, weightDecay)

  override def aliases: Map[String, String] = Family.betas
  override def ofTensorFlow: Boolean = false

  override def hasSecondMoment: Boolean = true

  def create(learningRate: Rate, options: Options): Optimizer = {
    val (first, second) = (options(beta1), options(beta2))
    val adam =
      new Adam(learningRate, first, second, options(epsilon), Family.rest(first), Family.rest(second))
    new AdamW(learningRate, adam, options(weightDecay))
  }
}
