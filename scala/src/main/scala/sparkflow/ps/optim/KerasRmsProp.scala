package sparkflow.ps.optim

/** [[RmsProp]] as Keras has it: its average of squares starts at 0 instead of 1, so that the first steps are longer, and
  * it has Keras' options and defaults.
  *
  * Source: Keras' `RMSprop`.
  *
  * Options: rho 0.9 (in [0, 1]), momentum 0.0 (in [-1, 1]), epsilon 1e-7 (> 0), centered false.
  */
private[optim] object KerasRmsProp extends Family("keras_rmsprop") {
  private val rho = new Number("rho", 0.9, Domain.fraction)
  private val momentum = new Number("momentum", 0.0, Domain.momentum)
  private val epsilon = new Number("epsilon", 1e-7, Domain.positive)
  private val centered = new Flag("centered", false)
  val settings = Seq(rho, momentum, epsilon, centered)

  override def ofTensorFlow: Boolean = false

  def create(learningRate: Rate, options: Options): Optimizer =
    new RmsProp(name, 0f, learningRate, options(rho), options(momentum), options(epsilon), options(centered))
}
