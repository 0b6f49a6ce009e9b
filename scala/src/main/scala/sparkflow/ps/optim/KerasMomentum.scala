package sparkflow.ps.optim

/** [[Momentum]] as Keras has it: the learning rate is in the velocity, so that another rate leaves the velocity there is
  * as it was. At a constant rate both take the same steps.
  * {{{
  * p ← p · momentum − lr · g
  * w ← w + p                               or w + momentum · p − lr · g with Nesterov's
  * }}}
  * Source: Polyak 1964; Sutskever et al. 2013 (PMLR 28); Keras' `SGD`.
  *
  * Options: momentum 0.0 (in [-1, 1]), nesterov false.
  */
private[optim] final class KerasMomentum(learningRate: Rate, momentum: Float, nesterov: Boolean)
    extends Optimizer {
  val name = KerasMomentum.name
  val slots: Seq[Slot] = Seq(Slot("momentum", 0f))

  // What the weights take of the velocity, and of the gradient's step once more.
  private val ofVelocity = if (nesterov) momentum else 1f
  private val ofStep = if (nesterov) 1f else 0f

  def step(
      weights: Array[Float],
      gradient: Array[Float],
      slots: Array[Array[Float]],
      from: Int,
      until: Int,
      t: Long
  ): Unit = {
    val mom = slots(0)
    val lr = learningRate(t)
    val mu = momentum
    val ofP = ofVelocity
    val ofG = ofStep * lr
    var i = from
    while (i < until) {
      val g = gradient(i)
      val p = Decay.settle(mom(i) * mu - g * lr)
      mom(i) = p
      weights(i) += p * ofP - g * ofG
      i += 1
    }
  }
}

private[optim] object KerasMomentum extends Family("keras_momentum") {
  private val momentum = new Number("momentum", 0.0, Domain.momentum)
  private val nesterov = new Flag("nesterov", false)
  val settings = Seq(momentum, nesterov)

  override def ofTensorFlow: Boolean = false

  def create(learningRate: Rate, options: Options): Optimizer =
    new KerasMomentum(learningRate, options(momentum), options(nesterov))
}
