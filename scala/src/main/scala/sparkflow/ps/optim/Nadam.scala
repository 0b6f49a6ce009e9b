package sparkflow.ps.optim

/** Adam with Nesterov's momentum, whose schedule is `u(t) = beta1 · (1 − 0.96ᵗ / 2)`:
  * {{{
  * m ← m + (g − m) · (1 − beta1)
  * v ← v + (g² − v) · (1 − beta2)
  * m̂ = m · u(t + 1) / (1 − u(1) ⋯ u(t + 1)) + g · (1 − u(t)) / (1 − u(1) ⋯ u(t))
  * w ← w − lr · m̂ / (√(v / (1 − beta2ᵗ)) + epsilon)
  * }}}
  * Source: Dozat 2015, "Incorporating Nesterov momentum into Adam"; Keras' `Nadam`.
  *
  * Options: beta1 0.9, beta2 0.999 (both in [0, 1)), epsilon 1e-7 (> 0).
  */
private[optim] final class Nadam(learningRate: Rate, beta1: Float, beta2: Float, epsilon: Float)
    extends Optimizer {
  val name = Nadam.name
  val slots: Seq[Slot] = Seq(Slot("m", 0f), Slot("v", 0f))

  private val schedule = new Nadam.Schedule(beta1)

  def step(
      weights: Array[Float],
      gradient: Array[Float],
      slots: Array[Array[Float]],
      from: Int,
      until: Int,
      t: Long
  ): Unit = {
    val m = slots(0)
    val v = slots(1)
    val toM = 1f - beta1
    val toV = 1f - beta2
    val lr = learningRate(t)
    val ofM = lr * schedule(t + 1) / (1f - schedule.product(t + 1))
    val ofG = lr * (1f - schedule(t)) / (1f - schedule.product(t))
    val toVHat = 1f / (1f - Math.pow(beta2.toDouble, t.toDouble).toFloat)
    val eps = epsilon
    var i = from
    while (i < until) {
      val g = gradient(i)
      val mi = Decay.settle(m(i) + (g - m(i)) * toM)
      val vi = Decay.settle(v(i) + (g * g - v(i)) * toV)
      m(i) = mi
      v(i) = vi
      weights(i) -= (mi * ofM + g * ofG) / (Math.sqrt((vi * toVHat).toDouble).toFloat + eps)
      i += 1
    }
  }
}

private[optim] object Nadam extends Family("nadam") {
  private val beta1 = new Number("beta1", 0.9, Domain.belowOne)
  private val beta2 = new Number("beta2", 0.999, Domain.belowOne)
  private val epsilon = new Number("epsilon", 1e-7, Domain.positive)
  val settings = Seq(beta1, beta2, epsilon)

  override def aliases: Map[String, String] = Family.betas
  override def ofTensorFlow: Boolean = false

  override def hasSecondMoment: Boolean = true

  def create(learningRate: Rate, options: Options): Optimizer =
    new Nadam(learningRate, options(beta1), options(beta2), options(epsilon))

  private class Schedule(beta1: Float) {
    def apply(t: Long): Float = (beta1 * (1.0 - 0.5 * Math.pow(0.96, t.toDouble))).toFloat

    // 0.96ᵗ is 1e-9 at the last: from there on each factor is beta1.
    private val firsts = Array
      .iterate(1.0 -> 1, 512) { case (product, t) =>
        product * (1.0 - 0.5 * Math.pow(0.96, t.toDouble)) -> (t + 1)
      }
      .map(_._1)

    /** u(1) ⋯ u(t) */
    def product(t: Long): Float =
      (Math.pow(beta1.toDouble, t.toDouble) * firsts(Math.min(t, firsts.length - 1L).toInt)).toFloat
  }
}
