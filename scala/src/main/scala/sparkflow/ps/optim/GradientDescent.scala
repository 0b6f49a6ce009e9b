package sparkflow.ps.optim

/** Gradient descent: `w ← w − lr · g`.
  *
  * Source: TensorFlow's `GradientDescentOptimizer`. It takes no options but learning_rate (`lr`).
  */
private[optim] final class GradientDescent(learningRate: Rate) extends Optimizer {
  val name = GradientDescent.name
  val slots: Seq[Slot] = Seq.empty

  def step(
      weights: Array[Float],
      gradient: Array[Float],
      slots: Array[Array[Float]],
      from: Int,
      until: Int,
      t: Long
  ): Unit = {
    val lr = learningRate(t)
    var i = from
    while (i < until) {
      weights(i) -= gradient(i) * lr
      i += 1
    }
  }
}

private[optim] object GradientDescent extends Family("gradient_descent") {
  val settings = Seq.empty

  def create(learningRate: Rate, options: Options): Optimizer = new GradientDescent(learningRate)
}
