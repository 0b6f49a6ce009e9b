package sparkflow.ps

import scala.concurrent.duration._

import sparkflow.ps.protocol._

class ElectionTest extends ServerTest {
  private val chosen = Welcome(initialize = true, 0, 0, 0, 0, "")
  private val made = Array(1f, 2f, 3f, 4f, 5f)
  private val empty = config(initial = None)

  private def initialize(client: WireClient): Message =
    client.call(Initialize(layout.toJson), made, new Array[Byte](layout.stateBytes))

  private def welcomed(client: WireClient): Unit = {
    val (message, body) = client.receive()
    assert(message === Welcome(initialize = false, 0, 0, 5, 16, layout.toJson))
    assert(WireClient.floats(body.take(20)) === made.toSeq)
  }

  test("the first worker makes the weights; the others' Welcome waits for them") {
    withServer(empty) { live =>
      assert(live.server.result() === None)
      val first = live.connect()
      assert(first.call(Hello(0, 4, 0, 1)) === chosen)
      val others = (0 until 3).map { i =>
        val client = live.connect()
        client.send(Hello(0, i, 0, 1))
        client
      }
      assert(initialize(first) === Ack(0))
      others.foreach(welcomed)
      assert(
        first.call(
          Push(0, 0, 1, answerWithWeights = false, shared = false, change = false, 0),
          ones()
        ) === Ack(1)
      )
      assert(live.weights === made.map(_ - 1f).toSeq)
    }
  }

  test("when the chosen worker dies, the one that waits is chosen") {
    withServer(empty) { live =>
      val first = live.connect()
      first.call(Hello(0, 0, 0, 1))
      val second = live.connect()
      second.send(Hello(0, 1, 0, 1))
      first.close()
      assert(second.receive()._1 === chosen)
      second.close()
      val third = live.worker(0, attempt = 1)
      assert(initialize(third) === Ack(0))
    }
  }

  test("when the chosen worker dies in the middle of its weights, the next makes them all") {
    withServer(empty) { live =>
      val first = live.connect()
      first.call(Hello(0, 0, 0, 1))
      first.sendRaw(MessageCodec.write(Initialize(layout.toJson), 36) ++ new Array[Byte](10))
      val second = live.connect()
      second.send(Hello(0, 1, 0, 1))
      first.close()
      assert(second.receive()._1 === chosen)
      assert(initialize(second) === Ack(0))
      assert(live.weights === made.toSeq)
    }
  }

  test("a newer attempt of the chosen worker takes its place, also in the queue") {
    withServer(empty) { live =>
      val old = live.connect()
      old.call(Hello(0, 0, 0, 1))
      val newer = live.connect()
      assert(newer.call(Hello(0, 0, 1, 1)) === chosen)
      assertError(ErrorCode.Fenced, initialize(old))
      val waiting = live.connect()
      waiting.send(Hello(0, 5, 0, 1))
      val waitingNewer = live.connect()
      waitingNewer.send(Hello(0, 5, 1, 1))
      assertError(ErrorCode.Fenced, waiting.receive()._1)
      assert(initialize(newer) === Ack(0))
      welcomed(waitingNewer)
    }
  }

  test("a chosen worker that gives nothing is passed over at the deadline") {
    withServer(empty.copy(initializeTimeout = 200.millis)) { live =>
      val first = live.connect()
      assert(first.call(Hello(0, 0, 0, 1)) === chosen)
      val second = live.connect()
      second.send(Hello(0, 1, 0, 1))
      assertError(ErrorCode.Internal, first.receive()._1)
      assert(second.receive()._1 === chosen)
      assert(initialize(second) === Ack(0))
    }
  }

  test("what does not fit its layout is refused before it is read") {
    Seq[(String, Long, String)](
      (layout.toJson, 35, "35 bytes"),
      ("""{"weights": 1, "state": []}""", 36, "'weights'"),
      ("""{"weights": [{"name": "a", "shape": [2000000000]}], "state": []}""", 36, "8000000000")
    ).foreach { case (json, length, why) =>
      withServer(empty) { live =>
        val client = live.connect()
        client.call(Hello(0, 0, 0, 1))
        client.sendRaw(MessageCodec.write(Initialize(json), length))
        assert(assertError(ErrorCode.Sizes, client.receive()._1).contains(why))
        assert(live.server.failure.exists(_.contains(why)))
        assert(live.server.result() === None)
      }
    }
  }

  test("nothing but Initialize is served before there are weights") {
    withServer(empty) { live =>
      val client = live.connect()
      client.call(Hello(0, 0, 0, 1))
      assert(assertError(ErrorCode.Malformed, client.call(Pull)).contains("no weights"))
      val next = live.connect()
      assert(next.call(Hello(0, 1, 0, 1)) === chosen)
    }
  }

  test("a request while the Welcome is awaited is refused") {
    withServer(empty) { live =>
      live.connect().call(Hello(0, 0, 0, 1))
      val client = live.connect()
      client.send(Hello(0, 1, 0, 1))
      client.send(Pull)
      assertError(ErrorCode.Malformed, client.receive()._1)
    }
  }
}
