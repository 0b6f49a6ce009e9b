package sparkflow.ps.server

import org.scalatest.funsuite.AnyFunSuite

import sparkflow.ps.ValidationReport

class IterationsTest extends AnyFunSuite {
  import Iterations.Sums

  private val entries = (0 to 2).map(new WorkerEntry[Candidate](0, _))
  private object Nobody extends Candidate {
    override def chosen(): Unit = ()
    override def ready(): Unit = ()
    override def refuse(code: Int, message: String): Unit = ()
  }

  private def iterations(members: Seq[WorkerEntry[Candidate]] = entries) = {
    val made = new Iterations
    made.begin(members)
    made
  }

  test("an iteration is complete when the last worker has ended it, and is given out once") {
    val all = iterations()
    all.ended(0, 0, 1.0, 10)
    all.ended(2, 0, 2.0, 30)
    all.ended(0, 1, 1.0, 10)
    assert(all.completed() === Nil)
    all.ended(1, 0, 4.0, 10)
    assert(all.completed().map(c => (c.iteration, c.training.mean)) === Seq((0, 2.2)))
    assert(all.completed() === Nil)
  }

  test("losses and metrics of held-out rows are means over all of them") {
    val all = iterations(entries.take(2))
    all.validated(1, 0, Sums(30, 30 * 2.0, Map("accuracy" -> ((20.0, 30.0)))))
    all.validated(0, 0, Sums(10, 10 * 4.0, Map("accuracy" -> ((5.0, 10.0)), "top" -> ((0.0, 0.0)))))
    all.ended(0, 0, 1, 1)
    all.ended(1, 0, 1, 1)
    assert(
      all.completed().map(_.report) ===
        Seq(Some(ValidationReport(0, 2.5, 40, Map("accuracy" -> 0.625, "top" -> 0.0))))
    )
  }

  test("nobody waits for a worker that is done, or that was lost before its report and is further now") {
    val all = iterations()
    entries(2).enter(0, Nobody, 10)
    entries(2).finish(Nobody)
    all.ended(0, 0, 3, 10)
    assert(all.completed() === Nil)
    all.ended(1, 1, 1, 10)
    assert(all.completed().map(c => (c.iteration, c.training.samples)) === Seq((0, 10)))
    all.ended(0, 1, 1, 10)
    assert(all.completed().map(c => (c.iteration, c.training.samples)) === Seq((1, 20)))
  }

  test("the sum is in the order of the workers, whoever comes first") {
    val losses = Seq(1e16, 1.0, -1e16)
    val means = Seq(0, 1, 2).permutations.map { order =>
      val all = iterations(Nil)
      val fresh = (0 to 2).map(new WorkerEntry[Candidate](0, _))
      all.begin(fresh)
      order.foreach(i => all.validated(i, 0, Sums(1, losses(i))))
      order.foreach(i => all.ended(i, 0, 0, 1))
      all.completed().head.report.get.loss
    }
    assert(means.toSet.size === 1)
  }
}
