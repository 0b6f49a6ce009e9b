package sparkflow.ps

import java.util.concurrent.atomic.AtomicLongArray

import org.scalatest.concurrent.Eventually
import org.scalatest.time.{Millis, Seconds, Span}

import sparkflow.ps.protocol._

class SspTest extends ServerTest with Eventually {
  override implicit def patienceConfig: PatienceConfig = PatienceConfig(Span(10, Seconds), Span(1, Millis))

  private def push(step: Long, version: Long = 0) =
    Push(step, version, 10, answerWithWeights = true, shared = false, change = false, 0.5)

  private def ssp(most: Int) = config("ssp").copy(maxStaleness = most)

  test("a worker is never more steps ahead of the slowest than it may, and gets there") {
    Seq(0, 1, 3).foreach { most =>
      withServer(ssp(most)) { live =>
        val (workers, steps) = (3, 40)
        live.server.begin(0, workers)
        val clocks = new AtomicLongArray(workers)
        val ahead = new AtomicLongArray(workers)
        together(workers) { i =>
          val client = live.worker(i)
          (0 until steps).foreach { step =>
            // A worker that runs may be so far ahead of any other's clock, which only grows.
            val slowest = (0 until workers).map(clocks.get).min
            ahead.accumulateAndGet(i, step - slowest, (a, b) => math.max(a, b))
            if (i == 2) Thread.sleep(2) // the slow one
            // Counted before the answer to any other that this push sets free.
            clocks.incrementAndGet(i)
            assert(client.call(push(step.toLong), ones()).isInstanceOf[Weights])
          }
          client.call(Done)
        }
        assert((0 until workers).map(ahead.get).max <= most)
        if (most > 0) assert((0 until workers).map(ahead.get).max === most)
        assert(live.server.steps === workers * steps)
        assert(live.weights === Seq.fill(5)(-(workers * steps).toFloat))
      }
    }
  }

  test(
    "pushes are applied as they come; the answer to the one too far ahead has the updates that it waited for"
  ) {
    withServer(ssp(2)) { live =>
      live.server.begin(0, 2)
      val (fast, slow) = (live.worker(0), live.worker(1))
      assert(fast.call(push(0), ones()) === Weights(1))
      assert(fast.call(push(1), ones()) === Weights(2))
      fast.send(push(2), ones())
      eventually(assert(live.server.steps === 3))
      assert(slow.call(push(0), ones()) === Weights(4))
      val (message, body) = fast.receive()
      assert(message === Weights(4) && WireClient.floats(body) === Seq.fill(5)(-4f))
      fast.send(push(3), ones())
      assert(slow.call(Done).isInstanceOf[Ack])
      assert(fast.receive()._1 === Weights(5))
      assert(fast.call(push(4), ones()) === Weights(6))
    }
  }

  test("another attempt of a worker that is ahead waits, too, before it starts") {
    withServer(ssp(0)) { live =>
      live.server.begin(0, 2)
      val (fast, slow) = (live.worker(0), live.worker(1))
      fast.send(push(0), ones())
      eventually(assert(live.server.steps === 1))
      val next = live.connect()
      next.send(Hello(0, 0, 1, 10))
      assertError(ErrorCode.Fenced, fast.receive()._1)
      assert(slow.call(push(0), ones()) === Weights(2))
      val welcome = next.receive()._1.asInstanceOf[Welcome]
      assert(welcome.step === 1 && welcome.version === 2)
      assert(live.weights === Seq.fill(5)(-2f))
    }
  }
}
