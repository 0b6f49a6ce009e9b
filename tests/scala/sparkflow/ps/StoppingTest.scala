package sparkflow.ps

import scala.concurrent.duration._

import org.scalatest.concurrent.Eventually
import org.scalatest.time.{Millis, Seconds, Span}

import sparkflow.ps.protocol._

/** Validation and early stopping, by servers that live. */
class StoppingTest extends ServerTest with Eventually {
  override implicit def patienceConfig: PatienceConfig = PatienceConfig(Span(10, Seconds), Span(1, Millis))

  private def settings(mode: String, patience: Int = 1, restoreBest: Boolean = true) =
    config(mode).copy(validation = true, stopping = Some(Stopping(patience, 0, restoreBest)))

  private def push(step: Long) =
    Push(step, step, 10, answerWithWeights = true, shared = false, change = false, 0.5)

  /** A step, and then the iteration's end, with a loss of 10 held-out rows. */
  private def iterate(w: WireClient, number: Int, loss: Double): Unit = {
    assert(w.callFor(push(number.toLong), ones())._1.isInstanceOf[Weights])
    end(w, number, loss)
  }

  private def end(
      w: WireClient,
      number: Int,
      loss: Double,
      samples: Long = 10,
      right: Double = 5
  ): Unit = {
    assert(w.call(Validation(number, samples, loss, s"""{"accuracy":[$right,10.0]}""")).isInstanceOf[Ack])
    assert(w.call(Report(number, 10, 0.5, 0)).isInstanceOf[Ack])
  }

  Seq("hogwild", "locked", "ssp", "sync").foreach { mode =>
    test(s"$mode: the fit is over after the patience, and gives the weights of the best iteration") {
      withServer(settings(mode)) { live =>
        live.server.begin(0, 1)
        val w = live.worker(0)
        iterate(w, 0, 3)
        iterate(w, 1, 2)
        assert(!live.server.stoppedEarly)
        iterate(w, 2, 2.5)
        assert(live.server.stoppedEarly && live.server.bestIteration === Some(1))
        assert(assertError(ErrorCode.Over, w.call(push(3), ones())).contains("stopped early"))
        assertError(ErrorCode.Over, live.connect().call(Hello(0, 0, 1, 10)))
        assert(live.server.steps === 3 && live.weights === Seq.fill(5)(-2f))
        live.close()
        assert(live.server.failure === None && live.events.failed === Nil)
      }
    }
  }

  Seq("hogwild", "locked").foreach { mode =>
    test(s"$mode: no worker runs before all are there, and then none waits") {
      withServer(settings(mode, patience = 3)) { live =>
        live.server.begin(0, 3)
        val workers = Seq(live.connect(), live.connect())
        workers.zipWithIndex.foreach { case (w, i) => w.send(Hello(0, i, 1, 10)) }
        assert(live.connect().call(Hello(0, 2, 1, 0)).isInstanceOf[Ack]) // no rows, so done
        workers.foreach(w => assert(w.receive()._1.isInstanceOf[Welcome]))
        (0L to 5L).foreach(step => assert(workers(1).call(push(step), ones()) === Weights(1 + step)))
        live.server.begin(1, 2)
        val next = live.connect()
        next.send(Hello(1, 0, 1, 10))
        assert(live.worker(1, round = 1).call(push(0), ones()) === Weights(7))
        assert(next.receive()._1.isInstanceOf[Welcome])
      }
    }

    test(s"$mode: a worker that does not come is named") {
      withServer(settings(mode).copy(initial = None, waitTimeout = 200.millis)) { live =>
        live.server.begin(0, 2)
        val first = live.connect()
        assert(first.call(Hello(0, 0, 1, 10)).asInstanceOf[Welcome].initialize)
        val start = Initialize(layout.toJson)
        assert(first.call(start, ones(), new Array[Byte](layout.stateBytes)).isInstanceOf[Ack])
        val error = assertError(ErrorCode.Over, first.call(push(0), ones()))
        assert(error.contains("for partition 1: its task has not started"))
      }
    }
  }

  test("without the best, the weights are the last ones") {
    withServer(settings("locked", restoreBest = false)) { live =>
      live.server.begin(0, 1)
      val w = live.worker(0)
      iterate(w, 0, 1)
      iterate(w, 1, 2)
      assert(live.server.stoppedEarly && live.weights === Seq.fill(5)(-2f))
    }
  }

  test("the best is kept also of a fit that runs to its end") {
    withServer(settings("locked", patience = 0)) { live =>
      live.server.begin(0, 1)
      val w = live.worker(0)
      iterate(w, 0, 1)
      iterate(w, 1, 2)
      assert(w.call(Done) === Ack(2))
      assert(!live.server.stoppedEarly && live.weights === Seq.fill(5)(-1f))
    }
  }

  Seq("sync" -> 0, "ssp" -> 0).foreach { case (mode, staleness) =>
    test(s"$mode: a worker that waits for others is told, and what it brought is not applied") {
      withServer(settings(mode, patience = 1).copy(maxStaleness = staleness)) { live =>
        live.server.begin(0, 2)
        val workers = Seq(live.worker(0), live.worker(1))
        Seq(1.0, 2.0).zipWithIndex.foreach { case (loss, number) =>
          workers.foreach(_.send(push(number.toLong), ones()))
          workers.foreach(w => assert(w.receive()._1.isInstanceOf[Weights]))
          end(workers.head, number, loss)
          if (number == 1 && mode == "sync") workers.head.send(push(2), ones())
          end(workers(1), number, loss, samples = 30)
        }
        if (mode == "ssp") workers.head.send(push(2), ones())
        assertError(ErrorCode.Over, workers.head.receive()._1)
        assertError(ErrorCode.Over, workers(1).call(push(2), ones()))
        assert(live.server.steps === (if (mode == "sync") 2 else 4))
      }
    }
  }

  test("the listener hears of each iteration that all have ended") {
    withServer(config("hogwild").copy(validation = true)) { live =>
      live.server.begin(0, 2)
      val (a, b) = (live.worker(0), live.worker(1))
      end(a, 0, 1)
      end(a, 1, 1)
      end(b, 0, 3, samples = 30)
      b.call(Done)
      live.close()
      assert(
        live.events.validations === Seq(
          ValidationReport(0, 2.5, 40, Map("accuracy" -> 0.5)),
          ValidationReport(1, 1, 10, Map("accuracy" -> 0.5))
        )
      )
      assert(live.server.bestIteration === None)
    }
  }

  test("a metric is what must improve, and it rises") {
    val base = settings("locked")
    withServer(base.copy(stopping = base.stopping.map(_.copy(metric = Some("accuracy"), rises = true)))) {
      live =>
        live.server.begin(0, 1)
        val w = live.worker(0)
        end(w, 0, 1, right = 4)
        end(w, 1, 2, right = 6) // the loss is worse
        assert(!live.server.stoppedEarly && live.server.bestIteration === Some(1))
        end(w, 2, 0.5, right = 5)
        assert(live.server.stoppedEarly && live.server.bestIteration === Some(1))
    }
  }

  test("a metric that nobody computes fails the fit") {
    val base = settings("locked")
    withServer(base.copy(stopping = base.stopping.map(_.copy(metric = Some("f1"))))) { live =>
      live.server.begin(0, 1)
      end(live.worker(0), 0, 1)
      assert(live.server.failure.exists(_.matches("monitor is 'f1', .* there are: accuracy")))
    }
  }

  Seq("hogwild", "locked", "ssp", "sync").foreach { mode =>
    test(s"$mode: a listener ends the fit, which has not failed") {
      withServer(config(mode)) { live =>
        live.events.stops = _.iteration == 1
        if (mode == "ssp" || mode == "sync") live.server.begin(0, 1)
        val w = live.worker(0)
        assert(w.callFor(push(0), ones())._1.isInstanceOf[Weights])
        assert(w.call(Report(0, 10, 0.5, 0)).isInstanceOf[Ack])
        assert(w.callFor(push(1), ones())._1.isInstanceOf[Weights])
        w.call(Report(1, 10, 0.5, 0))
        eventually(assert(live.server.stoppedEarly))
        assertError(ErrorCode.Over, w.call(push(2), ones()))
        assertError(ErrorCode.Over, live.connect().call(Hello(0, 1, 1, 10)))
        live.close()
        assert(live.server.failure === None && live.events.failed === Nil)
        assert(live.weights === Seq.fill(5)(-2f) && live.server.bestIteration === None)
      }
    }
  }

  test("without held-out rows it is the training loss that counts") {
    withServer(settings("locked").copy(validation = false)) { live =>
      live.server.begin(0, 1)
      val w = live.worker(0)
      Seq(2.0, 1.0, 1.5).zipWithIndex.foreach { case (loss, i) => w.call(Report(i, 10, loss, 0)) }
      assert(live.server.stoppedEarly && live.server.bestIteration === Some(1))
      live.close()
      assert(live.events.validations === Nil)
    }
  }

  test("an empty validation set fails the fit after the first iteration") {
    withServer(settings("locked")) { live =>
      live.server.begin(0, 1)
      end(live.worker(0), 0, 0, samples = 0)
      assert(live.server.failure.exists(_.startsWith("no row is held out for validation")))
    }
  }

  Seq("[]", "{", """{"a":[1]}""", """{"a":["1",2]}""").foreach { metrics =>
    test(s"metrics that are $metrics are refused") {
      withServer(config().copy(validation = true)) { live =>
        assertError(ErrorCode.Malformed, live.worker(0).call(Validation(0, 1, 1, metrics)))
      }
    }
  }
}
