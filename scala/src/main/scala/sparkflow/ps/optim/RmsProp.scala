package sparkflow.ps.optim

/** RMSProp with momentum:
  * {{{
  * r ← r + (g² − r) · (1 − decay)
  * a ← a + (g − a) · (1 − decay)                     only when centered
  * p ← p · momentum + lr · g / √(r + epsilon)        or √(r − a² + epsilon) when centered
  * w ← w − p
  * }}}
  * `r` (slot rms) starts at 1 (0 in [[KerasRmsProp]]), `a` (mg) and `p` (momentum) at 0.
  *
  * Source: Tieleman and Hinton 2012, Coursera lecture 6.5; centered: Graves 2013 (arXiv:1308.0850), equations
  * 38–45; TensorFlow's `RMSPropOptimizer`.
  *
  * Options: decay 0.9 (in [0, 1]), momentum 0.0 (in [-1, 1]), epsilon 1e-10 (>= 0), centered false.
  */
private[optim] final class RmsProp(
    val name: String,
    start: Float,
    learningRate: Rate,
    decay: Float,
    momentum: Float,
    epsilon: Float,
    centered: Boolean
) extends Optimizer {
  val slots: Seq[Slot] =
    Seq(Slot("rms", start)) ++ (if (centered) Seq(Slot("mg", 0f)) else Nil) :+ Slot("momentum", 0f)

  def step(
      weights: Array[Float],
      gradient: Array[Float],
      slots: Array[Array[Float]],
      from: Int,
      until: Int,
      t: Long
  ): Unit =
    if (centered) stepCentered(weights, gradient, slots(0), slots(1), slots(2), learningRate(t), from, until)
    else stepPlain(weights, gradient, slots(0), slots(1), learningRate(t), from, until)

  private def stepPlain(
      weights: Array[Float],
      gradient: Array[Float],
      rms: Array[Float],
      mom: Array[Float],
      lr: Float,
      from: Int,
      until: Int
  ): Unit = {
    val toRms = 1f - decay
    val mu = momentum
    val eps = epsilon
    var i = from
    while (i < until) {
      val g = gradient(i)
      val r = Decay.settle(rms(i) + (g * g - rms(i)) * toRms)
      val p = Decay.settle(mom(i) * mu + g * lr / Math.sqrt((r + eps).toDouble).toFloat)
      rms(i) = r
      mom(i) = p
      weights(i) -= p
      i += 1
    }
  }

  private def stepCentered(
      weights: Array[Float],
      gradient: Array[Float],
      rms: Array[Float],
      mg: Array[Float],
      mom: Array[Float],
      lr: Float,
      from: Int,
      until: Int
  ): Unit = {
    val toAverage = 1f - decay
    val mu = momentum
    val eps = epsilon
    // Two loops, because C2 leaves a loop as long as both together in scalar form, which is five times slower.
    var i = from
    while (i < until) {
      val g = gradient(i)
      rms(i) = Decay.settle(rms(i) + (g * g - rms(i)) * toAverage)
      mg(i) = Decay.settle(mg(i) + (g - mg(i)) * toAverage)
      i += 1
    }
    i = from
    while (i < until) {
      val a = mg(i)
      // The variance is never negative, but two threads in the same range can leave averages of different
      // updates here. Then the root would be NaN, and the weight with it, for good.
      val damped = Math.max(rms(i) - a * a, 0f) + eps
      val p = Decay.settle(mom(i) * mu + gradient(i) * lr / Math.sqrt(damped.toDouble).toFloat)
      mom(i) = p
      weights(i) -= p
      i += 1
    }
  }
}

private[optim] object RmsProp extends Family("rmsprop") {
  private val decay = new Number("decay", 0.9, Domain.fraction)
  private val momentum = new Number("momentum", 0.0, Domain.momentum)
  private val epsilon = new Number("epsilon", 1e-10, Domain.notNegative)
  private val centered = new Flag("centered", false)
  val settings = Seq(decay, momentum, epsilon, centered)

  def create(learningRate: Rate, options: Options): Optimizer =
    new RmsProp(
      name,
      1f,
      learningRate,
      options(decay),
      options(momentum),
      options(epsilon),
      options(centered)
    )
}
