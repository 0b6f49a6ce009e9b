package sparkflow.ps.optim

/** FTRL-Proximal ("follow the regularized leader"), with `p = −learning_rate_power`:
  * {{{
  * n' = n + g²
  * z ← z + g + 2 · l2_shrinkage · w − (n'ᵖ − nᵖ) / lr · w
  * w ← (clip(z, −l1, l1) − z) / (n'ᵖ / lr + 2 · (l2 + beta / (2 · lr)))
  * n ← n'
  * }}}
  * `n` (slot accum) starts at initial_accumulator_value, `z` (linear) at 0, which
  * stands for weights of 0: as in TensorFlow, the first step forgets most of the initial weights.
  *
  * Source: McMahan et al. 2013 (KDD), algorithm 1; TensorFlow's `FtrlOptimizer`.
  *
  * Options: learning_rate_power -0.5 (<= 0), initial_accumulator_value 0.1, l1_regularization_strength 0.0,
  * l2_regularization_strength 0.0, l2_shrinkage_regularization_strength 0.0, beta 0.0 (all >= 0).
  */
private[optim] final class Ftrl(
    learningRate: Rate,
    power: Float,
    initial: Float,
    l1: Float,
    l2: Float,
    l2Shrinkage: Float,
    beta: Float
) extends Optimizer {
  val name = Ftrl.name
  val slots: Seq[Slot] = Seq(Slot("accum", initial), Slot("linear", 0f))

  def step(
      weights: Array[Float],
      gradient: Array[Float],
      slots: Array[Array[Float]],
      from: Int,
      until: Int,
      t: Long
  ): Unit =
    if (power == -0.5f) stepRoot(weights, gradient, slots(0), slots(1), learningRate(t), from, until)
    else stepPower(weights, gradient, slots(0), slots(1), learningRate(t), from, until)

  private def stepRoot(
      weights: Array[Float],
      gradient: Array[Float],
      accum: Array[Float],
      linear: Array[Float],
      lr: Float,
      from: Int,
      until: Int
  ): Unit = {
    val bound = l1
    val twoShrinkage = 2f * l2Shrinkage
    val twoL2 = damping(lr)
    var i = from
    while (i < until) {
      val g = gradient(i)
      val w = weights(i)
      val n = accum(i)
      val grown = n + g * g
      val root = Math.sqrt(grown.toDouble).toFloat
      val z = linear(i) + (g + twoShrinkage * w - (root - Math.sqrt(n.toDouble).toFloat) / lr * w)
      accum(i) = grown
      linear(i) = z
      weights(i) = Ftrl.weight(z, bound, root / lr + twoL2)
      i += 1
    }
  }

  private def damping(lr: Float): Float = 2f * (l2 + beta / (2f * lr))

  private def stepPower(
      weights: Array[Float],
      gradient: Array[Float],
      accum: Array[Float],
      linear: Array[Float],
      lr: Float,
      from: Int,
      until: Int
  ): Unit = {
    val bound = l1
    val twoShrinkage = 2f * l2Shrinkage
    val twoL2 = damping(lr)
    val exponent = -power.toDouble
    var i = from
    while (i < until) {
      val g = gradient(i)
      val w = weights(i)
      val n = accum(i)
      val grown = n + g * g
      val raised = Math.pow(grown.toDouble, exponent).toFloat
      val z = linear(i) + (g + twoShrinkage * w - (raised - Math.pow(n.toDouble, exponent).toFloat) / lr * w)
      accum(i) = grown
      linear(i) = z
      weights(i) = Ftrl.weight(z, bound, raised / lr + twoL2)
      i += 1
    }
  }
}

private[optim] object Ftrl extends Family("ftrl") {
  private val power = new Number("learning_rate_power", -0.5, Domain.notPositive)
  private val initial = new Number("initial_accumulator_value", 0.1, Domain.notNegative)
  private val l1 = new Number("l1_regularization_strength", 0.0, Domain.notNegative)
  private val l2 = new Number("l2_regularization_strength", 0.0, Domain.notNegative)
  private val l2Shrinkage = new Number("l2_shrinkage_regularization_strength", 0.0, Domain.notNegative)
  private val beta = new Number("beta", 0.0, Domain.notNegative)
  val settings = Seq(power, initial, l1, l2, l2Shrinkage, beta)

  override def ignored: Set[String] = super.ignored ++ Set("accum_name", "linear_name")

  def create(learningRate: Rate, options: Options): Optimizer = new Ftrl(
    learningRate,
    options(power),
    options(initial),
    options(l1),
    options(l2),
    options(l2Shrinkage),
    options(beta)
  )

  /** The minimum of the regularized loss. Where `quadratic` is 0 (an accumulator that starts at 0 and has
    * seen no gradient), z is 0 too, and the weight is 0, as in TensorFlow, not 0/0; max instead of an if
    * keeps the loop a vector loop.
    */
  private def weight(z: Float, l1: Float, quadratic: Float): Float =
    (Math.max(-l1, Math.min(z, l1)) - z) / Math.max(quadratic, java.lang.Float.MIN_NORMAL)
}
