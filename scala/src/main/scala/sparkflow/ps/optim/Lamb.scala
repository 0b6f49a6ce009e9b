package sparkflow.ps.optim

/** Adam whose step is, for each variable, as long as the variable:
  * {{{
  * w ← w − w · weight_decay · lr
  * m ← m + (g − m) · (1 − beta1)
  * v ← v + (g² − v) · (1 − beta2)
  * r = m / (1 − beta1ᵗ) / (√(v / (1 − beta2ᵗ)) + epsilon)
  * w ← w − r · lr · ‖w‖ / ‖r‖                           the norms over the variable; 1 for a norm of 0
  * }}}
  * Source: You et al. 2020 (arXiv:1904.00962), algorithm 2; Keras' `Lamb`, which decays apart from the step.
  *
  * Options: beta1 0.9, beta2 0.999 (both in [0, 1)), epsilon 1e-7 (> 0), weight_decay 0.0 (>= 0).
  */
private[optim] final class Lamb(
    learningRate: Rate,
    beta1: Float,
    beta2: Float,
    epsilon: Float,
    weightDecay: Float
) extends Layerwise {
  val name = Lamb.name
  val slots: Seq[Slot] = Seq(Slot("m", 0f), Slot("v", 0f))

  private val toM = Family.rest(beta1)
  private val toV = Family.rest(beta2)

  def prepare(
      weights: Array[Float],
      gradient: Array[Float],
      slots: Array[Array[Float]],
      from: Int,
      until: Int,
      t: Long,
      sums: Array[Double],
      at: Int
  ): Unit = {
    val m = slots(0)
    val v = slots(1)
    val toM = this.toM
    val toV = this.toV
    val decay = weightDecay
    val lr = learningRate(t)
    val toMHat = correction(beta1, t)
    val toVHat = correction(beta2, t)
    val eps = epsilon
    var ofW, ofR = 0.0
    var i = from
    while (i < until) {
      val g = gradient(i)
      val w = weights(i) - weights(i) * decay * lr
      val mi = Decay.settle(m(i) + (g - m(i)) * toM)
      val vi = Decay.settle(v(i) + (g * g - v(i)) * toV)
      val r = mi * toMHat / (Math.sqrt((vi * toVHat).toDouble).toFloat + eps)
      weights(i) = w
      m(i) = mi
      v(i) = vi
      ofW += w.toDouble * w
      ofR += r.toDouble * r
      i += 1
    }
    sums(at) = ofW
    sums(at + 1) = ofR
  }

  def stride(t: Long, sums: Array[Double], at: Int): Float = {
    val trust = if (sums(at) > 0 && sums(at + 1) > 0) Math.sqrt(sums(at) / sums(at + 1)) else 1.0
    trust.toFloat * learningRate(t)
  }

  def move(
      weights: Array[Float],
      slots: Array[Array[Float]],
      from: Int,
      until: Int,
      t: Long,
      stride: Float
  ): Unit = {
    val m = slots(0)
    val v = slots(1)
    val ofM = stride * correction(beta1, t)
    val toVHat = correction(beta2, t)
    val eps = epsilon
    var i = from
    while (i < until) {
      weights(i) -= m(i) * ofM / (Math.sqrt((v(i) * toVHat).toDouble).toFloat + eps)
      i += 1
    }
  }

  private def correction(beta: Float, t: Long): Float =
    1f / (1f - Math.pow(beta.toDouble, t.toDouble).toFloat)
}

private[optim] object Lamb extends Family("lamb") {
  private val beta1 = new Number("beta1", 0.9, Domain.belowOne)
  private val beta2 = new Number("beta2", 0.999, Domain.belowOne)
  private val epsilon = new Number("epsilon", 1e-7, Domain.positive)
  private val weightDecay = new Number("weight_decay", 0.0, Domain.notNegative)
  val settings = Seq(beta1, beta2, epsilon, weightDecay)

  override def aliases: Map[String, String] = Family.betas
  override def ofTensorFlow: Boolean = false
  override def hasSecondMoment: Boolean = true
  override def isLayerwise: Boolean = true

  def create(learningRate: Rate, options: Options): Optimizer =
    new Lamb(learningRate, options(beta1), options(beta2), options(epsilon), options(weightDecay))
}
