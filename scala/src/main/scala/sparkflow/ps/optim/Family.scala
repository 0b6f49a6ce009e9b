package sparkflow.ps.optim

/** An optimizer before its options are known: what it is called, what it takes, and how it is made. */
private[optim] abstract class Family(val name: String) {

  /** The options besides learning_rate, in the order of TensorFlow's constructor. */
  def settings: Seq[Setting[_]]

  /** Other names of options. */
  def aliases: Map[String, String] = Map.empty

  /** Arguments of TensorFlow's constructor that mean nothing here: they name variables and operations of its
    * graph, or lock them, and here locking is the server's `mode`.
    */
  def ignored: Set[String] = Set("use_locking", "name")

  /** Whether `tensorflow.compat.v1.train` has it, with these options, so that a worker can take its steps, too. */
  def ofTensorFlow: Boolean = true

  /** Whether it divides by the root of an average of squares that forgets by an option "beta2", see [[SecondMoment]]. */
  def hasSecondMoment: Boolean = false

  /** Whether a step of one element depends on the whole variable, see [[Layerwise]]. */
  def isLayerwise: Boolean = false

  def create(learningRate: Rate, options: Options): Optimizer
}

private[optim] object Family {

  /** Keras' names of two options. */
  val betas: Map[String, String] = Map("beta_1" -> "beta1", "beta_2" -> "beta2")

  /** 1 − beta as Keras has it, rounded once. TensorFlow takes it from a rounded beta: 1.3e-5 less for 0.999. */
  def rest(beta: Float): Float = (1.0 - beta.toString.toDouble).toFloat
}
