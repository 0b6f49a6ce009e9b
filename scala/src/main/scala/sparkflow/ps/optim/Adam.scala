package sparkflow.ps.optim

/** Adam, with TensorFlow's "epsilon hat" (epsilon is added after the bias correction went into the rate):
  * {{{
  * α = lr · √(1 − beta2ᵗ) / (1 − beta1ᵗ)
  * m ← m + (g − m) · (1 − beta1)
  * v ← v + (g² − v) · (1 − beta2)
  * w ← w − m · α / (√v + epsilon)
  * }}}
  * Source: Kingma and Ba 2015 (arXiv:1412.6980), end of section 2; TensorFlow's `AdamOptimizer`.
  *
  * Options: beta1 0.9, beta2 0.999 (both in [0, 1)), epsilon 1e-8 (>= 0).
  *
  * @param toM 1 − beta1
  * @param toV 1 − beta2
  */
private[optim] final class Adam(
    learningRate: Rate,
    beta1: Float,
    beta2: Float,
    epsilon: Float,
    toM: Float,
    toV: Float
) extends Optimizer {
  val name = Adam.name
  val slots: Seq[Slot] = Seq(Slot("m", 0f), Slot("v", 0f))

  private val beta1Power = new Adam.Power(beta1)
  private val beta2Power = new Adam.Power(beta2)

  /** TensorFlow's sparse Adam lets both averages of every row decay, and moves every row by them. */
  override val idle: Option[Idle] = Some(new AdamIdle(beta1, beta2, epsilon, rate))

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
    val rate = this.rate(t)
    val toM = this.toM
    val toV = this.toV
    val eps = epsilon
    var i = from
    while (i < until) {
      val g = gradient(i)
      val mi = Decay.settle(m(i) + (g - m(i)) * toM)
      val vi = Decay.settle(v(i) + (g * g - v(i)) * toV)
      m(i) = mi
      v(i) = vi
      weights(i) -= mi * rate / (Math.sqrt(vi.toDouble).toFloat + eps)
      i += 1
    }
  }

  /** The learning rate of update `t`, with the bias correction in it. */
  private def rate(t: Long): Float =
    learningRate(t) * Math.sqrt((1f - beta2Power(t)).toDouble).toFloat / (1f - beta1Power(t))
}

private[optim] object Adam extends Family("adam") {
  private val beta1 = new Number("beta1", 0.9, Domain.belowOne)
  private val beta2 = new Number("beta2", 0.999, Domain.belowOne)
  private val epsilon = new Number("epsilon", 1e-8, Domain.notNegative)
  val settings = Seq(beta1, beta2, epsilon)

  override def ignored: Set[String] = super.ignored + "use_own_namescope_for_non_slot_vars"

  override def hasSecondMoment: Boolean = true

  def create(learningRate: Rate, options: Options): Optimizer = {
    val (first, second) = (options(beta1), options(beta2))
    new Adam(learningRate, first, second, options(epsilon), 1f - first, 1f - second)
  }

  /** `baseᵗ` as TensorFlow has it: a float32 multiplied by the base after each step. In the first steps the
    * rounding of those products shows, as `1 − beta2ᵗ` is small; later it doesn't, and the exact power goes
    * on from there.
    */
  private class Power(base: Float) {
    // By step 1024 the default beta2ᵗ is down to 0.36, and a rounding is 1e-7 of `1 − beta2ᵗ`.
    private val first = Array.iterate(base, 1024)(_ * base)

    def apply(t: Long): Float =
      if (t <= first.length) first((t - 1).toInt)
      else (first.last * Math.pow(base.toDouble, (t - first.length).toDouble)).toFloat
  }
}
