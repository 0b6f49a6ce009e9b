package sparkflow.job

import org.scalatest.funsuite.AnyFunSuite

class ClassifierTest extends AnyFunSuite {
  private val logits = Classifier(fromLogits = true, None)
  private val probabilities = Classifier(fromLogits = false, None)

  private def near(found: Array[Double], expected: Double*): Unit = {
    assert(found.length == expected.size)
    found.zip(expected).foreach { case (f, e) => assert((f - e).abs < 1e-12, found.mkString(", ")) }
  }

  test("logits become probabilities by softmax") {
    near(
      logits.probabilities(Array(1.0, 2.0, 3.0)),
      0.09003057317038046,
      0.24472847105479767,
      0.6652409557748219
    )
    near(logits.raw(Array(1.0, 2.0, 3.0)), 1.0, 2.0, 3.0)
  }

  test("logits of any size do not overflow") {
    near(logits.probabilities(Array(1000.0, 1001.0)), 0.2689414213699951, 0.7310585786300049)
    near(logits.probabilities(Array(-1e308, 0.0)), 0.0, 1.0)
    near(logits.probabilities(Array(-800.0)), 1.0, 0.0)
    near(logits.probabilities(Array(800.0)), 0.0, 1.0)
  }

  test("one value a row is class 1 of two") {
    near(logits.probabilities(Array(1.0)), 0.2689414213699951, 0.7310585786300049)
    near(logits.raw(Array(1.5)), -1.5, 1.5)
    near(probabilities.probabilities(Array(0.25)), 0.75, 0.25)
    near(probabilities.raw(Array(0.25)), 0.75, 0.25)
  }

  test("a small probability of one value keeps its digits") {
    val small = logits.probabilities(Array(-50.0))(1)
    assert((small / 1.9287498479639178e-22 - 1).abs < 1e-12)
  }

  test("the likeliest class is predicted, the first of equals") {
    assert(probabilities.predict(Array(0.2, 0.5, 0.3)) == 1)
    assert(probabilities.predict(Array(0.4, 0.2, 0.4)) == 0)
  }

  test("thresholds divide, as in Spark's classifiers") {
    def predicted(thresholds: Double*) =
      Classifier(fromLogits = false, Some(thresholds)).predict(Array(0.2, 0.5, 0.3))
    assert(predicted(0.1, 0.5, 0.5) == 0)
    assert(predicted(1, 1, 0.5) == 2)
    assert(predicted(0, 1, 1) == 0)
    assert(Classifier(fromLogits = false, Some(Seq(0.0, 1.0))).predict(Array(0.0, 1.0)) == 1)
  }

  test("what is NaN is no class") {
    assert(probabilities.predict(probabilities.probabilities(Array(Double.NaN, 0.5))).isNaN)
    assert(logits.predict(logits.probabilities(Array(Double.NaN))).isNaN)
  }

  test("what is no probability is refused") {
    for (values <- Seq(Array(2.5), Array(0.9, 0.8), Array(-0.2, 1.2))) {
      val message =
        intercept[IllegalArgumentException](probabilities.probabilities(values)).getMessage
      assert(
        message.startsWith(s"tfOutput gave (${values.mkString(", ")}) for a row") && message.contains(
          "fromLogits"
        )
      )
    }
  }

  test("thresholds must be as many as there are classes") {
    val three = Classifier(fromLogits = false, Some(Seq(0.1, 0.2, 0.7)))
    def output(row: Long) = TensorInfo("p:0", "Softmax", None, Some(Seq(-1L, row)))
    three.check(output(3))
    three.check(TensorInfo("p:0", "Softmax", None, None))
    val message = intercept[IllegalArgumentException](three.check(output(1))).getMessage
    assert(message == "thresholds has 3 values, but tfOutput tells of 2 classes: give one for each")
    assert(intercept[IllegalArgumentException](three.predict(Array(0.5, 0.5))).getMessage == message)
  }

  test("the number of a class is no probability") {
    val found = TensorInfo("class:0", "ArgMax", None, Some(Seq(-1L)))
    val message = intercept[IllegalArgumentException](probabilities.check(found)).getMessage
    assert(message.startsWith("tfOutput is 'class:0', the number of a class"))
  }
}
