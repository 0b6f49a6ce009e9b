package sparkflow.ml

import org.scalatest.BeforeAndAfterAll
import org.scalatest.funsuite.AnyFunSuite

import sparkflow.job.{Iteration, TrainHistory}
import sparkflow.ps.FitCounts

class TrainingSummaryTest extends AnyFunSuite with BeforeAndAfterAll {
  import TrainingSummaryTest._

  override def beforeAll(): Unit = { LocalSpark.session; () }

  test("it comes back from JSON as it was") {
    assert(TrainHistory.fromJson(summary.toJson).toJson === summary.toJson)
  }

  test("totals follow from the iterations") {
    assert(summary.objectiveHistory === Array(1.5, 0.25))
    assert(summary.totalIterations === 2)
    assert(summary.samplesPerSecond === 20.0) // 80 samples in 4 seconds, though the fit took 9
    assert(summary.waitSeconds === 0.75)
  }

  test("history has a row for each iteration") {
    val history = summary.history
    assert(
      history.columns ===
        Array(
          "iteration",
          "loss",
          "samples",
          "seconds",
          "samplesPerSecond",
          "staleness",
          "waitSeconds",
          "validationLoss",
          "validationMetrics"
        )
    )
    val rows = history.orderBy("iteration").collect()
    assert(rows(0).isNullAt(7) && rows(1).getAs[Double]("validationLoss") === 0.75)
    assert(rows(1).getAs[Map[String, Double]]("validationMetrics") === Map("accuracy" -> 0.5))
    assert(history.orderBy("iteration").collect().map(_.getAs[Double]("loss")) === Array(1.5, 0.25))
  }

  test("people are told of empty partitions and of staleness") {
    val text = summary.toString
    assert(
      text.contains("3 partitions of 0 to 39 rows, 1 of them empty, trained in waves of at most 1 at once")
    )
    assert(text.contains("staleness 0.50 on average, 2 at most"))
    assert(text.contains("1 retries") && text.contains("1 checkpoints could not be written"))
    assert(text.contains("last validation loss 0.75000, best iteration 1, stopped early"))
  }

  test("a summary of before validation is read") {
    val old = new TrainingSummary(
      TrainHistory.fromJson(
        summary.toJson.replaceAll(
          "\"stoppedEarly\":true,\"bestIteration\":1,|,\"validation(Loss|Metrics)\":(0.75|\\{[^}]*\\})",
          ""
        )
      )
    )
    assert(!old.toJson.contains("0.75") && !old.stoppedEarly && old.bestIteration === None)
    assert(old.history.columns.length === 9)
  }

  test("what is no summary is refused") {
    val e = intercept[IllegalArgumentException](TrainHistory.fromJson("""{"mode": "locked"}"""))
    assert(e.getMessage.contains("no summary"))
  }

  test("a copy keeps it, and a model that no fit made has none") {
    assert(modelWithSummary.copy(org.apache.spark.ml.param.ParamMap.empty).summary.toJson === summary.toJson)
    val model = TinyModel.model()
    assert(!model.hasSummary)
    assert(intercept[IllegalStateException](model.summary).getMessage.contains("hasSummary"))
  }
}

object TrainingSummaryTest {
  val summary = new TrainingSummary(
    TrainHistory(
      "hogwild",
      Seq(
        Iteration(0, 1.5, 40, 1.5, 26.5, 0, 0.25),
        Iteration(1, 0.25, 40, 4, 16, 0.5, 0.5, Some(0.75), Map("accuracy" -> 0.5))
      ),
      FitCounts(
        steps = 4,
        samples = 80,
        Seq(3, 0, 1),
        retries = 1,
        bytesReceived = 5000000000L,
        bytesSent = 7,
        workersAtOnce = 1
      ),
      seconds = 9,
      partitionRows = Seq(39, 0, 1),
      stoppedEarly = true,
      bestIteration = Some(1),
      resumedFrom = 3,
      checkpoints = 2,
      checkpointFailures = 1
    )
  )

  def modelWithSummary: SparkAsyncDLModel = {
    val model = TinyModel.model()
    model.trainingSummary = Some(summary)
    model
  }
}
