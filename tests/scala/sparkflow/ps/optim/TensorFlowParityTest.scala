package sparkflow.ps.optim

import org.scalatest.funsuite.AnyFunSuite

/** Every optimizer, step for step and weight for weight, against what TensorFlow or Keras did with the same gradients.
  */
class TensorFlowParityTest extends AnyFunSuite {
  private val relative = 1e-5

  // A weight near 0 is the difference of larger numbers and keeps their rounding: the start, at most 1 here,
  // is known to 6e-8 only, and so is a step of the size of 1.
  private def floor(expected: Fixtures.Case) =
    if (expected.schedule.isDefined) 5e-7 // Keras rounds the rate in each of several operations
    else if (expected.optimizer == "adamw") 2e-7 // which rounds a weight twice a step
    else 1e-7

  test("the fixtures have every optimizer at its defaults") {
    val plain = Fixtures.cases.filter(c => (c.options - "momentum").isEmpty).map(_.optimizer)
    assert(Optimizer.names.forall(plain.contains))
    assert(Fixtures.steps >= 25)
  }

  for ((expected, number) <- Fixtures.cases.zipWithIndex) {
    val options = expected.options ++ expected.schedule.map("schedule" -> _("schedule"))
    val title = s"case $number: ${expected.optimizer} ${options.mkString(", ")}"
    if (Optimizer.layerwise.contains(expected.optimizer))
      test(s"$title, variable by variable")(follow(expected, _ => Fixtures.variables))
    else {
      test(s"$title, all at once")(follow(expected, size => Seq(0 -> size)))
      test(s"$title, in two ranges")(follow(expected, size => Seq(size / 3 -> size, 0 -> size / 3)))
    }
  }

  private def follow(expected: Fixtures.Case, ranges: Int => Seq[(Int, Int)]): Unit = {
    val optimizer =
      Optimizer.create(expected.optimizer, expected.learningRate, expected.options, expected.schedule)
    val draws = new Fixtures.Draws
    val weights = draws.weights()
    val slots = optimizer.slots.map(slot => Array.fill(weights.length)(slot.initial)).toArray
    for ((after, before) <- expected.after.zipWithIndex) {
      val gradient = draws.gradient()
      val unchanged = gradient.clone()
      for ((from, until) <- ranges(weights.length))
        optimizer.step(weights, gradient, slots, from, until, before + 1L)
      assert(gradient.sameElements(unchanged))
      compare(s"step ${before + 1}", weights, after, floor(expected))
    }
    compare("the last step", weights, expected.last, floor(expected))
  }

  private def compare(when: String, ours: Array[Float], theirs: Array[Float], floor: Double): Unit =
    for (i <- theirs.indices) {
      val difference = math.abs(ours(i).toDouble - theirs(i))
      // Written so that NaN fails.
      if (!(difference <= relative * math.abs(theirs(i)) + floor))
        fail(s"weight $i after $when is ${ours(i)}, but ${theirs(i)} there")
    }
}
