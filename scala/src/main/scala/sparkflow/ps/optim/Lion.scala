package sparkflow.ps.optim

/** Lion, which steps by the sign of a momentum:
  * {{{
  * w ← w − w · weight_decay · lr
  * w ← w − lr · sign(m · beta1 + g · (1 − beta1))
  * m ← m · beta2 + g · (1 − beta2)
  * }}}
  * Source: Chen et al. 2023 (arXiv:2302.06675), algorithm 2; Keras' `Lion`.
  *
  * Options: beta1 0.9, beta2 0.99 (both in [0, 1]), weight_decay 0.0 (>= 0).
  */
private[optim] final class Lion(learningRate: Rate, beta1: Float, beta2: Float, weightDecay: Float)
    extends Optimizer {
  val name = Lion.name
  val slots: Seq[Slot] = Seq(Slot("m", 0f))

  def step(
      weights: Array[Float],
      gradient: Array[Float],
      slots: Array[Array[Float]],
      from: Int,
      until: Int,
      t: Long
  ): Unit = {
    val m = slots(0)
    val lr = learningRate(t)
    val ofM = beta1
    val ofG = 1f - beta1
    val keepM = beta2
    val toM = 1f - beta2
    val decay = weightDecay
    var i = from
    while (i < until) {
      val g = gradient(i)
      val mi = m(i)
      val w = weights(i)
      weights(i) = w - w * decay * lr - Math.signum(mi * ofM + g * ofG) * lr
      m(i) = Decay.settle(mi * keepM + g * toM)
      i += 1
    }
  }
}

private[optim] object Lion extends Family("lion") {
  private val beta1 = new Number("beta1", 0.9, Domain.fraction)
  private val beta2 = new Number("beta2", 0.99, Domain.fraction)
  private val weightDecay = new Number("weight_decay", 0.0, Domain.notNegative)
  val settings = Seq(beta1, beta2, weightDecay)

  override def aliases: Map[String, String] = Family.betas
  override def ofTensorFlow: Boolean = false

  def create(learningRate: Rate, options: Options): Optimizer =
    new Lion(learningRate, options(beta1), options(beta2), options(weightDecay))
}
