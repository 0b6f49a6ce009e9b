package sparkflow.job

import org.scalatest.funsuite.AnyFunSuite

import sparkflow.ps.{IterationReport, ValidationReport}

class ProgressTest extends AnyFunSuite {

  test("a line that a validation alone has brought repeats the rate, as nothing was trained since") {
    var lines = Vector.empty[String]
    val progress = new Progress(2, verbose = 1, lines :+= _)
    val second = 1000L * 1000 * 1000
    progress(
      IterationReport(0, 0, 0, loss = 0.5, samples = 600, totalSamples = 600, 6, 0.0, 0.0, 2 * second)
    )
    progress(ValidationReport(0, 0.25, 60, Map("accuracy" -> 0.75)))
    progress.end()
    assert(lines.size == 2 && lines.forall(_.contains("loss 0.50000  300 samples/s")))
    assert(lines.last.endsWith("validation of iteration 1: loss 0.25000  accuracy 0.75000"))
  }
}
