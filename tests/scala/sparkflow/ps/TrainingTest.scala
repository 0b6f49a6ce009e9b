package sparkflow.ps

import java.nio.{ByteBuffer, ByteOrder}
import java.util.concurrent.atomic.AtomicLong

import sparkflow.ps.protocol._
import sparkflow.ps.store.{Layout, Variable}

class TrainingTest extends ServerTest {
  private def push(step: Long, version: Long = 0, weights: Boolean = false) =
    Push(step, version, 10, weights, shared = false, change = false, 0.5)

  private val workers = 4
  private val steps = 100
  private val wide = Layout(Seq(Variable("w", Seq(300, 1000))), Nil)

  test("Welcome brings the weights, the state and the layout") {
    val start = zeros().copy(weights = Array(1f, 2f, 3f, 4f, 5f), state = Array.tabulate(16)(_.toByte))
    withServer(config(initial = Some(start))) { live =>
      val (welcome, body) = live.connect().callFor(Hello(0, 3, 7, 10))
      assert(welcome === Welcome(initialize = false, 0, 0, 5, 16, layout.toJson))
      assert(WireClient.floats(body.take(20)) === start.weights.toSeq)
      assert(body.drop(20).toSeq === start.state.toSeq)
    }
  }

  test("the weights to start from are copied") {
    val start = zeros()
    withServer(config(initial = Some(start))) { live =>
      live.worker(0).call(push(0), ones())
      assert(live.weights === Seq.fill(5)(-1f))
      assert(start.weights.toSeq === Seq.fill(5)(0f))
    }
  }

  Seq("hogwild", "locked").foreach { mode =>
    test(s"$mode: one worker's pushes and pulls") {
      withServer(config(mode)) { live =>
        val w = live.worker(0)
        assert(w.call(push(0), ones()) === Ack(1))
        val (reply, body) = w.callFor(push(1, 1, weights = true), Array(1f, 2f, 3f, 4f, 5f))
        assert(reply === Weights(2))
        assert(WireClient.floats(body) === Seq(-2f, -3f, -4f, -5f, -6f))
        assert(WireClient.floats(w.callFor(Pull)._2) === Seq(-2f, -3f, -4f, -5f, -6f))
        assert(live.server.steps === 2)
      }
    }
  }

  test("locked: pushes of several workers give the exact sum, each reply a whole version") {
    withServer(config("locked", Some(zeros(wide)))) { live =>
      val gradient = ones(wide.weightCount)
      together(workers) { i =>
        val w = live.worker(i)
        var version = 0L
        (0 until steps).foreach { s =>
          val (reply, body) = w.callFor(push(s.toLong, version, weights = true), gradient)
          val next = reply.asInstanceOf[Weights].version
          assert(next > version)
          version = next
          if (s % 20 == 0) assert(WireClient.floats(body).forall(_ == -version.toFloat))
        }
      }
      assert(live.weights.forall(_ == -(workers * steps).toFloat))
      assert(live.server.steps === workers * steps)
    }
  }

  test("hogwild: every push counts as an update, and each element has moved by one to all of them") {
    withServer(config("hogwild", Some(zeros(wide)))) { live =>
      val gradient = ones(wide.weightCount)
      together(workers) { i =>
        val w = live.worker(i)
        var version = 0L
        (0 until steps).foreach { s =>
          val (reply, _) = w.callFor(push(s.toLong, version, weights = true), gradient)
          val next = reply.asInstanceOf[Weights].version
          assert(next > version)
          version = next
        }
      }
      assert(live.server.steps === workers * steps)
      assert(live.weights.forall(w => w <= -1f && w >= -(workers * steps).toFloat))
    }
  }

  test("a change is added to the weights, whatever the optimizer, and counts as an update") {
    Seq("hogwild", "locked").foreach { mode =>
      withServer(config(mode)) { live =>
        val w = live.worker(0)
        w.call(push(0), ones())
        val changed = push(1, 1, weights = true).copy(change = true)
        val (reply, body) = w.callFor(changed, Array(1f, 2f, 3f, 4f, 5f))
        assert(reply === Weights(2))
        assert(WireClient.floats(body) === Seq(0f, 1f, 2f, 3f, 4f))
      }
    }
  }

  test("a repeated step is answered and not applied; a gap is refused") {
    withServer() { live =>
      val w = live.worker(0)
      w.call(push(0), ones())
      w.call(push(1), ones())
      assert(w.call(push(1), ones()) === Ack(2))
      assert(w.callFor(push(0, weights = true), ones())._1 === Weights(2))
      assert(live.weights === Seq.fill(5)(-2f))
      assert(assertError(ErrorCode.Malformed, w.call(push(3), ones())).contains("expected step 2"))
      assert(w.atEnd())
      assert(live.weights === Seq.fill(5)(-2f))
    }
  }

  test("steps count within one worker and one round") {
    withServer() { live =>
      live.worker(0).call(push(0), ones())
      assert(live.worker(1).call(push(0), ones()) === Ack(2))
      assert(live.worker(0, round = 1).call(push(0), ones()) === Ack(3))
    }
  }

  test("a newer attempt fences the older, and goes on at its step") {
    withServer() { live =>
      val old = live.worker(2, attempt = 5)
      old.call(push(0), ones())
      old.call(push(1), ones())
      val newer = live.connect()
      assert(newer.call(Hello(0, 2, 9, 10)).asInstanceOf[Welcome].step === 2)
      assertError(ErrorCode.Fenced, old.call(push(2), ones()))
      assert(old.atEnd())
      assertError(ErrorCode.Fenced, live.connect().call(Hello(0, 2, 8, 10)))
      assert(newer.call(push(2), ones()) === Ack(3))
      assert(live.weights === Seq.fill(5)(-3f))
    }
  }

  test("the same attempt may connect anew; its older connection is fenced") {
    withServer() { live =>
      val first = live.worker(0, attempt = 5)
      first.call(push(0), ones())
      val second = live.connect()
      assert(second.call(Hello(0, 0, 5, 10)).asInstanceOf[Welcome].step === 1)
      assertError(ErrorCode.Fenced, first.call(Pull))
    }
  }

  test("sizes that disagree with the layout are refused by the header alone, and fail the fit") {
    Seq(
      () => (push(0): Message, 4L * 6),
      () => (PushState: Message, 16L),
      () => (push(0): Message, 1L << 62)
    ).foreach { make =>
      withServer() { live =>
        val other = live.worker(1)
        val w = live.worker(0)
        val (message, length) = make()
        w.sendRaw(MessageCodec.write(message, length))
        val why = assertError(ErrorCode.Sizes, w.receive()._1)
        assert(why.contains(length.toString))
        assert(live.server.failure === Some(why))
        assertError(ErrorCode.Over, other.call(Pull))
      }
    }
  }

  test("requests out of order are refused") {
    withServer() { live =>
      def refused(client: WireClient, message: Message) =
        assertError(ErrorCode.Malformed, client.call(message))
      assert(refused(live.connect(), Pull).contains("Hello"))
      refused(live.worker(0), Hello(0, 0, 0, 1))
      refused(live.worker(0), Initialize(layout.toJson))
      refused(live.worker(0), Ack(1))
      refused(live.worker(0), Weights(1))
      refused(live.connect(), Hello(0, -1, 0, 1))
      assert(
        assertError(ErrorCode.Malformed, live.worker(0).call(push(0, version = 3), ones()))
          .contains("version 3")
      )
      assert(live.server.failure === None)
    }
  }

  test("a worker's state is merged from its changes") {
    def state(a: Float, b: Float, n: Long, kept: Float*) = {
      val bytes = ByteBuffer.allocate(16 + 4 * kept.size).order(ByteOrder.LITTLE_ENDIAN)
      bytes.putFloat(a).putFloat(b).putLong(n)
      kept.foreach(bytes.putFloat)
      bytes.array
    }
    withServer() { live =>
      val one = live.worker(0)
      val two = live.worker(1)
      assert(one.callFor(PushState, state = state(2f, 4f, 3, 0.5f, 1f))._2.toSeq === state(2f, 4f, 3).toSeq)
      assert(two.callFor(PushState, state = state(6f, 0f, 1, 0.5f, 1f))._2.toSeq === state(7f, 2f, 4).toSeq)
      assert(one.callFor(PushState, state = state(1f, 0f, 0, 0f, 1f))._2.toSeq === state(3f, 4f, 4).toSeq)
      assert(live.server.result().get.state.toSeq === state(3f, 4f, 4).toSeq)
    }
  }

  test("reports carry the totals and the staleness since the worker's last one") {
    val live = new Live(config(), new Events)
    val one = live.worker(0)
    val two = live.worker(3, round = 1)
    one.call(push(0, 0), ones()) // staleness 0
    two.call(push(0, 0), ones()) // 1
    two.call(push(1, 0), ones()) // 2
    assert(two.call(Report(4, 30, 0.25, 0.5)) === Ack(3))
    one.call(Report(0, 20, Double.NaN, 0))
    two.call(push(2, 3), ones())
    two.call(Report(5, 31, 0.125, 0))
    live.close()
    val reports = live.events.reports
    assert(reports.map(_.elapsedNanos > 0) === Seq(true, true, true))
    assert(
      reports.map(_.copy(elapsedNanos = 0)).filterNot(_.loss.isNaN) === Seq(
        IterationReport(4, 3, 1, 0.25, 30, 30, 3, 1.5, 0.5, 0),
        IterationReport(5, 3, 1, 0.125, 31, 40, 4, 0.0, 0.0, 0)
      )
    )
    assert(reports(1).loss.isNaN && reports(1).staleness === 0.0)
  }

  test(
    "a report has what attempts before have pushed of the iteration; one that was made is not made again"
  ) {
    val live = new Live(config(), new Events)
    val first = live.worker(0, attempt = 1)
    first.call(push(0, 0).copy(samples = 30, loss = 2), ones())
    val second = live.worker(0, attempt = 2)
    second.call(push(1, 1).copy(samples = 10, loss = 6), ones())
    second.call(Report(0, 10, 6, 0))
    second.call(push(2, 2).copy(samples = 40, loss = 0.5), ones())
    second.close() // before its report
    Seq(3L, 4L).foreach(attempt => assert(live.worker(0, attempt).call(Report(1, 0, 0, 0)).isInstanceOf[Ack]))
    live.close()
    assert(
      live.events.reports.map(r => (r.iteration, r.samples, r.loss)) === Seq((0, 40L, 3.0), (1, 40L, 0.5))
    )
  }

  test("counts: updates by staleness, samples, retries, and bytes of closed connections") {
    val live = new Live(config(), new Events)
    val first = live.worker(0, attempt = 1)
    val other = live.worker(3)
    first.call(push(0, 0), ones())
    other.call(push(0, 0), ones())
    other.call(push(1, 0), ones())
    other.call(push(1, 0), ones()) // applied before
    val second = live.worker(0, attempt = 2)
    second.call(push(1, 3), ones())
    live.close()
    val counts = live.server.counts
    assert(counts.staleness === Seq(2, 1, 1))
    assert((counts.steps, counts.samples, counts.retries) === ((4, 40, 1)))
    // Five pushes of 5 floats, each answered by an Ack, and what was said before.
    assert(counts.bytesReceived > 5 * (16 + 32 + 20) && counts.bytesReceived < 5 * (16 + 32 + 20) + 1000)
    assert(counts.bytesSent > 5 * (16 + 8) && counts.bytesSent < 3000)
  }

  test("no report is lost when several workers report and the server closes") {
    val live = new Live(config().copy(eventCapacity = 3), new Events)
    val sum = new AtomicLong
    together(workers) { i =>
      val w = live.worker(i)
      (0 until 100).foreach { n =>
        w.call(Report(n, 1, i.toDouble, 0))
        sum.incrementAndGet()
      }
    }
    live.close()
    assert(live.events.reports.length === 400)
    (0 until workers).foreach { i =>
      assert(live.events.reports.filter(_.partition == i).map(_.iteration) === (0 until 100))
    }
  }
}
