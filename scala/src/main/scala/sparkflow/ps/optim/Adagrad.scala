package sparkflow.ps.optim

/** Adagrad:
  * {{{
  * a ← a + g²
  * w ← w − lr · g / √a
  * }}}
  * `a` (slot accumulator) starts at initial_accumulator_value.
  *
  * Source: Duchi, Hazan and Singer 2011 (JMLR 12); TensorFlow's `AdagradOptimizer`.
  *
  * Options: initial_accumulator_value 0.1 (> 0; "initial_accumulator" is another name of it, that of
  * `build_adagrad_config`).
  */
private[optim] final class Adagrad(learningRate: Rate, initial: Float) extends Optimizer {
  val name = Adagrad.name
  val slots: Seq[Slot] = Seq(Slot("accumulator", initial))

  def step(
      weights: Array[Float],
      gradient: Array[Float],
      slots: Array[Array[Float]],
      from: Int,
      until: Int,
      t: Long
  ): Unit = {
    val accumulator = slots(0)
    val lr = learningRate(t)
    var i = from
    while (i < until) {
      val g = gradient(i)
      val a = accumulator(i) + g * g
      accumulator(i) = a
      weights(i) -= g * lr / Math.sqrt(a.toDouble).toFloat
      i += 1
    }
  }
}

private[optim] object Adagrad extends Family("adagrad") {
  private val initial = new Number("initial_accumulator_value", 0.1, Domain.positive)
  val settings = Seq(initial)

  override def aliases: Map[String, String] = Map("initial_accumulator" -> initial.name)

  def create(learningRate: Rate, options: Options): Optimizer = new Adagrad(learningRate, options(initial))
}
