package sparkflow.ps

import java.nio.file.Files

import sparkflow.ps.protocol._

class StalenessTest extends ServerTest {
  private def push(step: Long, version: Long) =
    Push(step, version, 10, answerWithWeights = true, shared = false, change = false, 0.5)

  private def all(value: Float) = Array.fill(5)(value)

  Seq("hogwild", "locked", "ssp").foreach { mode =>
    test(s"$mode: with stalenessDecay a gradient is divided by its staleness + 1") {
      withServer(config(mode).copy(stalenessDecay = true)) { live =>
        live.server.begin(0, 2)
        val (one, two) = (live.worker(0), live.worker(1))
        one.call(push(0, 0), all(8f))
        one.call(push(1, 1), all(8f))
        two.call(push(0, 1), all(8f)) // one update between
        two.call(push(1, 0), all(9f)) // three, one of them its own
        assert(live.weights === Seq.fill(5)(-(8f + 8f + 4f + 2.25f)))
      }
    }

    test(s"$mode: with delayCompensation a gradient is moved to where the weights are now") {
      withServer(config(mode).copy(delayCompensation = 0.5)) { live =>
        live.server.begin(0, 2)
        val (one, two) = (live.worker(0), live.worker(1))
        one.call(push(0, 0), all(2f)) // nothing between: w = -2
        val (message, body) = two.callFor(push(0, 0), all(4f)) // 4 + 0.5 * 16 * (-2 - 0) = -12: w = 10
        assert(message === Weights(2) && WireClient.floats(body) === Seq.fill(5)(10f))
        one.call(push(1, 1), all(1f)) // 1 + 0.5 * (10 + 2) = 7: w = 3
        assert(live.weights === Seq.fill(5)(3f))
        assert(two.call(push(1, 2), all(0f)) === Weights(4))
      }
    }
  }

  test("both together: first moved, then divided; a change is neither") {
    withServer(config().copy(delayCompensation = 0.5, stalenessDecay = true)) { live =>
      val (one, two) = (live.worker(0), live.worker(1))
      one.call(push(0, 0), all(2f))
      two.call(push(0, 0), all(4f)) // -12 / 2
      assert(live.weights === Seq.fill(5)(4f))
    }
    withServer(config().copy(stalenessDecay = true)) { live =>
      val (one, two) = (live.worker(0), live.worker(1))
      one.call(push(0, 0), all(2f))
      two.call(push(0, 0).copy(change = true), all(4f))
      assert(live.weights === Seq.fill(5)(2f))
    }
  }

  test("delay compensation knows the weights of the worker that made them, and those in shared memory") {
    withServer(config(initial = None).copy(delayCompensation = 0.5)) { live =>
      val maker = live.worker(0)
      maker.call(Initialize(layout.toJson), all(1f), new Array[Byte](layout.stateBytes))
      live.worker(1).call(push(0, 0), all(2f)) // w = -1
      maker.call(push(0, 0), all(2f)) // 2 + 0.5 * 4 * (-1 - 1) = -2
      assert(live.weights === Seq.fill(5)(1f))
    }
    val directory = Some(Files.createTempDirectory("sparkflow-staleness-test"))
    withServer(config().copy(delayCompensation = 0.5, sharedMemory = directory)) { live =>
      val (one, two) = (live.worker(0), live.worker(1))
      two.call(Share)
      two.call(Attached(mapped = true, ""))
      two.call(Pull)
      one.call(push(0, 0), all(2f))
      assert(two.call(push(0, 0), all(4f)) === Weights(2))
      assert(live.weights === Seq.fill(5)(10f))
    }
  }

  test("delay compensation refuses what it cannot move") {
    def refused(message: Push) = withServer(config().copy(delayCompensation = 0.5)) { live =>
      val worker = live.worker(0)
      worker.call(push(0, 0), ones())
      assertError(ErrorCode.Malformed, worker.call(message, ones()))
      ()
    }
    refused(push(1, 0)) // the weights of version 0 are gone
    refused(push(1, 1).copy(change = true))
    refused(push(1, 1).copy(bf16Weights = true))
    intercept[IllegalArgumentException](config("sync").copy(delayCompensation = 0.5))
    intercept[IllegalArgumentException](config("sync").copy(stalenessDecay = true))
  }
}
