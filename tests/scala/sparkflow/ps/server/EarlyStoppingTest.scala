package sparkflow.ps.server

import org.scalatest.funsuite.AnyFunSuite

class EarlyStoppingTest extends AnyFunSuite {

  /** Of each loss, whether it is an improvement; up to the one with which the rule is over. */
  private def run(rule: EarlyStopping, losses: Double*): Seq[Boolean] = {
    val seen = Seq.newBuilder[Boolean]
    losses.iterator.zipWithIndex.takeWhile(_ => !rule.isOver).foreach { case (loss, i) =>
      seen += rule.improves(i, loss)
    }
    seen.result()
  }

  test("it is over after as many iterations without improvement as patience says") {
    val rule = new EarlyStopping(2, 0)
    assert(run(rule, 3, 2, 2.5, 1, 1, 1.5, 0) === Seq(true, true, false, true, false, false))
    assert(rule.isOver && rule.bestIteration === Some(3))
  }

  test("an improvement is more than minDelta below the best") {
    val rule = new EarlyStopping(3, 0.5)
    assert(run(rule, 3, 2.5, 2.25, 2, 1.75) === Seq(true, false, true, false, false))
    assert(!rule.isOver && rule.bestIteration === Some(2))
  }

  test("what rises improves when it is higher") {
    val rule = new EarlyStopping(2, 0.25, rises = true)
    assert(run(rule, -1, 0.5, 0.75, 1, 0.5, 1.25) === Seq(true, true, false, true, false, false))
    assert(rule.isOver && rule.bestIteration === Some(3))
  }

  test("patience 0 is never over") {
    val rule = new EarlyStopping(0, 0)
    assert(run(rule, 1, 2, 3, 4).size === 4)
    assert(rule.bestIteration === Some(0))
  }
}
