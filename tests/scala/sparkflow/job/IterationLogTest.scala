package sparkflow.job

import org.scalatest.funsuite.AnyFunSuite

import sparkflow.ps.{IterationReport, ValidationReport}

class IterationLogTest extends AnyFunSuite {
  private def report(
      iteration: Int,
      partition: Int,
      loss: Double,
      samples: Long,
      staleness: Double,
      waited: Double,
      ms: Long
  ) =
    IterationReport(iteration, partition, 0, loss, samples, 0, 0, staleness, waited, ms * 1000000)

  test("an iteration is the mean over its samples, and ends with its last partition") {
    val log = new IterationLog
    log.add(report(0, 0, loss = 1.0, samples = 30, staleness = 0, waited = 0.5, ms = 1000))
    log.add(report(1, 0, loss = 0.5, samples = 30, staleness = 2, waited = 0.25, ms = 2000))
    log.add(report(0, 1, loss = 3.0, samples = 10, staleness = 4, waited = 1.0, ms = 1600))
    log.add(report(1, 1, loss = 0.5, samples = 10, staleness = 2, waited = 0.25, ms = 3600))
    assert(
      log.iterations === Seq(
        Iteration(0, 1.5, 40, 1.6, 25, 1, 1.5),
        Iteration(1, 0.5, 40, 3.6, 20, 2, 0.5)
      )
    )
  }

  test("an iteration has the validation that was told of it") {
    val log = new IterationLog
    (0 to 1).foreach(i =>
      log.add(report(i, 0, loss = 1.0, samples = 30, staleness = 0, waited = 0, ms = i + 1L))
    )
    log.add(ValidationReport(0, 0.5, 10, Map("accuracy" -> 0.75)))
    assert(log.iterations.map(_.validationLoss) === Seq(Some(0.5), None))
    assert(log.iterations.map(_.validationMetrics) === Seq(Map("accuracy" -> 0.75), Map.empty))
  }

  test("reports that are older than some of the iteration before make no rate of their own") {
    val log = new IterationLog
    log.add(report(0, 0, loss = 1.0, samples = 30, staleness = 0, waited = 0, ms = 1000))
    log.add(report(1, 0, loss = 1.0, samples = 30, staleness = 0, waited = 0, ms = 1500))
    log.add(report(0, 1, loss = 1.0, samples = 30, staleness = 0, waited = 0, ms = 2000))
    assert(log.iterations.map(_.seconds) === Seq(2.0, 2.0))
    assert(log.iterations.map(_.samplesPerSecond) === Seq(30.0, 15.0))
  }

  test("no report, no iteration") {
    assert(new IterationLog().iterations === Nil)
  }
}
