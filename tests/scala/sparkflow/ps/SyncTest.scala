package sparkflow.ps

import java.nio.{ByteBuffer, ByteOrder}

import scala.concurrent.duration._

import sparkflow.ps.protocol._

class SyncTest extends ServerTest {
  private def push(step: Long, version: Long, samples: Int = 10) =
    Push(step, version, samples, answerWithWeights = true, shared = false, change = false, 0.5)

  private def all(value: Float) = Array.fill(5)(value)

  private def withWorkers(n: Int, settings: ServerConfig = config("sync"))(
      test: (Live, Seq[WireClient]) => Unit
  ): Unit = withServer(settings) { live =>
    live.server.begin(0, n)
    test(live, (0 until n).map(live.worker(_)))
  }

  private def weights(client: WireClient): (Message, Seq[Float]) = {
    val (message, body) = client.receive()
    (message, WireClient.floats(body))
  }

  test("a step is one update by the mean of all gradients, weighted by samples") {
    withWorkers(3) { (live, workers) =>
      Seq((1f, 10), (2f, 30), (7f, 40)).zip(workers).foreach { case ((g, n), w) =>
        assert(live.server.steps === 0)
        w.send(push(0, 0, n), all(g))
      }
      workers.foreach(w => assert(weights(w) === ((Weights(1), Seq.fill(5)(-4.375f)))))
      assert(live.server.steps === 1)
      assert(live.server.counts.samples === 80 && live.server.counts.staleness === Seq(1))
    }
  }

  test("the sum is in the order of the workers, whatever the order of their coming") {
    // 1e8 + 1 - 1e8 is 0 in float32, and 1e8 - 1e8 + 1 is 1.
    val gradients = Seq(1e8f, 1f, -1e8f)
    Seq(0, 1, 2).permutations.foreach { order =>
      withWorkers(3) { (live, workers) =>
        order.foreach(i => workers(i).send(push(0, 0), all(gradients(i))))
        workers.foreach(w => assert(w.receive()._1 === Weights(1)))
        val third = (1.0 / 3).toFloat
        assert(live.weights === Seq.fill(5)(-((third * 1e8f + third * 1f) + third * -1e8f)))
      }
    }
  }

  test("a worker with fewer steps, and one without rows, are not waited for") {
    withServer(config("sync")) { live =>
      live.server.begin(0, 3)
      val (short, long) = (live.worker(0), live.worker(2))
      long.send(push(0, 0), ones())
      short.send(push(0, 0), ones())
      assert(live.connect().call(Hello(0, 1, 0, rows = 0)).isInstanceOf[Ack])
      Seq(short, long).foreach(w => assert(w.receive()._1 === Weights(1)))
      long.send(push(1, 1), ones())
      assert(short.call(Done).isInstanceOf[Ack])
      assert(long.receive()._1 === Weights(2))
      assert(long.call(push(2, 2), ones()) === Weights(3))
    }
  }

  test("a worker without rows does not make the first weights") {
    withServer(config("sync", initial = None)) { live =>
      live.server.begin(0, 2)
      live.connect().call(Hello(0, 0, 0, rows = 0))
      assert(live.connect().call(Hello(0, 1, 0, 5)).asInstanceOf[Welcome].initialize)
    }
  }

  test("changes of the state are merged in the order of the workers, before the next step") {
    def change(a: Float) = {
      val bytes = ByteBuffer.allocate(24).order(ByteOrder.LITTLE_ENDIAN)
      bytes.putFloat(a).putFloat(0).putLong(1).putFloat(0.5f).putFloat(0).array
    }
    def mean(bytes: Array[Byte]) = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getFloat
    Seq(0, 1, 2).permutations.foreach { order =>
      withWorkers(3) { (live, workers) =>
        order.foreach { i =>
          // Worker 2 is not at the end of an iteration.
          if (i == 2) workers(i).send(push(0, 0), ones())
          else workers(i).send(PushState, state = change(1f + i))
        }
        workers.take(2).foreach(w => assert(mean(w.receive()._2) === 2.5f)) // 0 + 1, then 0 + 2 + 0.5 * 1
        workers.take(2).foreach(_.send(push(0, 0), ones()))
        workers.foreach(w => assert(w.receive()._1 === Weights(1)))
        assert(mean(live.server.result().get.state) === 2.5f)
      }
    }
  }

  test("a push that is held when its worker is lost does not count; the next attempt pushes it again") {
    withWorkers(2) { (live, workers) =>
      workers(0).send(push(0, 0), all(100f))
      val next = live.connect()
      assert(next.call(Hello(0, 0, 1, 10)).asInstanceOf[Welcome].step === 0)
      assertError(ErrorCode.Fenced, workers(0).receive()._1)
      next.send(push(0, 0), all(1f))
      assert(workers(1).call(push(0, 0), all(3f)) === Weights(1))
      assert(next.receive()._1 === Weights(1))
      assert(live.weights === Seq.fill(5)(-2f))
      next.close()
      val last = live.connect()
      assert(last.call(Hello(0, 0, 2, 10)).asInstanceOf[Welcome].step === 1)
      // Its predecessor's last step, again: answered, not applied.
      assert(weights(repeat(last, push(0, 0))) === ((Weights(1), Seq.fill(5)(-2f))))
      last.send(push(1, 1), ones())
      assert(workers(1).call(push(1, 1), ones()) === Weights(2))
      assert(live.server.counts.retries === 2)
    }
  }

  private def repeat(client: WireClient, push: Push): WireClient = { client.send(push, ones()); client }

  test("local changes are averaged, too; changes and gradients do not go together") {
    withWorkers(2, config("sync").copy(waitTimeout = 300.millis)) { (live, workers) =>
      def changed(step: Long, version: Long) = push(step, version).copy(change = true)
      workers(0).send(changed(0, 0), all(2f))
      assert(workers(1).call(changed(0, 0), all(4f)) === Weights(1))
      assert(workers(0).receive()._1 === Weights(1))
      assert(live.weights === Seq.fill(5)(3f))
      workers(0).send(changed(1, 1), all(2f))
      workers(1).send(push(1, 1), all(2f))
      val codes = workers.map(_.receive()._1).collect { case Error(code, _) => code }
      assert(
        codes.toSet === Set(ErrorCode.Malformed, ErrorCode.Over)
      ) // the second to come, and the one that waits for it
    }
  }

  test("rows are averaged over all samples; a row that a worker has not counts as 0 there") {
    withServer(config("sync")) { live =>
      live.server.begin(0, 2)
      val workers = (0 until 2).map { i =>
        val client = live.connect()
        client.call(Hello(0, i, 0, 10, """["kernel"]"""))
        client
      }
      def numbers(rows: Int*) = {
        val bytes = ByteBuffer.allocate(4 * rows.size).order(ByteOrder.LITTLE_ENDIAN)
        rows.foreach(bytes.putInt)
        bytes.array
      }
      workers(0).callFor(PullRows, state = numbers(0, 1))
      workers(1).callFor(PullRows, state = numbers(1))
      val pushed = PushRows(0, 0, 10, shared = false, 0.5)
      workers(1).send(pushed.copy(samples = 30), Array(4f, 8f, 8f), numbers(0))
      workers(0).send(pushed, Array(8f, 4f, 4f, 12f, 12f), numbers())
      assert(weights(workers(1)) === ((Weights(1), Seq(-5f, -1f, -1f))))
      assert(weights(workers(0)) === ((Weights(1), Seq(-5f))))
      assert(live.weights === Seq(-1f, -1f, -9f, -9f, -5f))
    }
  }

  test("whom the others wait for longer than the deadline is named, and the fit fails") {
    val live = new Live(config("sync").copy(waitTimeout = 200.millis), new Events)
    live.server.begin(0, 4)
    val (one, lost, idle) = (live.worker(0), live.worker(1), live.worker(2))
    lost.close()
    one.send(push(0, 0), ones())
    val why = assertError(ErrorCode.Over, one.receive()._1)
    assert(why.contains("partition 1: its task was lost before step 0"))
    assert(why.contains("partition 2: its task is connected but has not pushed step 0"))
    assert(why.contains("partition 3: its task has not started"))
    assert(!why.contains("partition 0") && why.contains("200 milliseconds"))
    assertError(ErrorCode.Over, idle.call(Pull))
    live.close()
    assert(live.events.failed === Seq(why))
  }

  test("those that wait are told when a worker fails, and when the server closes") {
    withWorkers(3) { (_, workers) =>
      workers(0).send(push(0, 0), ones())
      workers(1).call(Pull)
      workers(2).call(Failed("no luck"))
      assert(assertError(ErrorCode.Over, workers(0).receive()._1) === "no luck")
    }
    withWorkers(2) { (live, workers) =>
      workers(0).send(push(0, 0), ones())
      workers(1).call(Pull)
      live.close()
      assertError(ErrorCode.Over, workers(0).receive()._1)
    }
  }

  test("a worker that is none of the round is refused") {
    withWorkers(2) { (live, _) =>
      assert(assertError(ErrorCode.Malformed, live.connect().call(Hello(0, 2, 0, 10))).contains("2 workers"))
      assertError(ErrorCode.Malformed, live.connect().call(Hello(1, 0, 0, 10)))
      live.server.begin(1, 1)
      assert(live.worker(0, round = 1).call(push(0, 0), ones()) === Weights(1))
    }
  }
}
