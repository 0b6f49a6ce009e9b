package sparkflow.ps

import java.nio.{ByteBuffer, ByteOrder}

import scala.util.Random

import sparkflow.ps.optim.Optimizer
import sparkflow.ps.protocol._
import sparkflow.ps.store.{Layout, ModelState, Variable}

class RowsTest extends ServerTest {
  private val model = Layout(
    Seq(
      Variable("bias", Seq(2)),
      Variable("words", Seq(4, 3)),
      Variable("out", Seq(1)),
      Variable("tags", Seq(3))
    ),
    Nil
  )
  private val names = """["words","tags"]""" // rows 0 to 3, and 4 to 6
  private val start = Array.tabulate(model.weightCount)(_.toFloat)
  private val initial = ModelState(model, start, Array.emptyByteArray)

  private def settings(mode: String = "locked") = config(mode, Some(initial))

  private def numbers(rows: Int*): Array[Byte] = {
    val bytes = ByteBuffer.allocate(4 * rows.size).order(ByteOrder.LITTLE_ENDIAN)
    rows.foreach(bytes.putInt)
    bytes.array
  }

  private def rowWorker(live: Live, id: Int = 0, attempt: Long = 0): WireClient = {
    val client = live.connect()
    assert(client.call(Hello(0, id, attempt, 10, names)).isInstanceOf[Welcome])
    client
  }

  private def pull(client: WireClient, rows: Int*): Seq[Float] = {
    val (reply, body) = client.callFor(PullRows, state = numbers(rows: _*))
    assert(reply.isInstanceOf[Weights], reply)
    WireClient.floats(body)
  }

  private def push(step: Long, version: Long = 0) = PushRows(step, version, 10, shared = false, 0.5)

  test("Welcome carries the dense part, and counts it") {
    withServer(settings()) { live =>
      val (welcome, body) = live.connect().callFor(Hello(0, 0, 0, 10, names))
      assert(welcome === Welcome(initialize = false, 0, 0, 3, 0, model.toJson))
      assert(WireClient.floats(body) === Seq(0f, 1f, 14f))
    }
  }

  Seq("hogwild", "locked").foreach { mode =>
    test(s"$mode: a pull and pushes of rows, each answer with the rows that are wanted next") {
      withServer(settings(mode)) { live =>
        val w = rowWorker(live)
        assert(pull(w, 1, 3, 5) === Seq(0f, 1f, 14f, 5f, 6f, 7f, 11f, 12f, 13f, 16f))
        val gradient = Array(1f, 1f, 1f, 2f, 2f, 2f, 3f, 3f, 3f, 4f)
        val (reply, body) = w.callFor(push(0), gradient, numbers(0, 3))
        assert(reply === Weights(1))
        assert(WireClient.floats(body) === Seq(-1f, 0f, 13f, 2f, 3f, 4f, 8f, 9f, 10f))
        val (last, dense) = w.callFor(push(1, 1), Array.fill(9)(1f))
        assert(last === Weights(2))
        assert(WireClient.floats(dense) === Seq(-2f, -1f, 12f))
        assert(
          live.weights === Seq(-2, -1, 1, 2, 3, 3, 4, 5, 8, 9, 10, 7, 8, 9, 12, 15, 12, 17).map(_.toFloat)
        )
        assert(live.server.steps === 2)
      }
    }
  }

  test("a repeated step is answered with rows and not applied; a gap is refused") {
    withServer(settings()) { live =>
      val w = rowWorker(live)
      pull(w, 0)
      w.call(push(0), Array.fill(6)(1f), numbers(0))
      val (reply, body) = w.callFor(push(0), Array.fill(6)(1f), numbers(1, 2))
      assert(reply === Weights(1))
      assert(WireClient.floats(body) === Seq(-1f, 0f, 13f, 5f, 6f, 7f, 8f, 9f, 10f))
      assert(w.call(push(1, 1), Array.fill(9)(1f)) === Weights(2))
      assert(live.weights.slice(2, 11) === Seq(1f, 2f, 3f, 4f, 5f, 6f, 7f, 8f, 9f))
      assert(
        assertError(ErrorCode.Malformed, w.call(push(3, 2), Array.fill(3)(1f))).contains("expected step 2")
      )
    }
  }

  test("a newer attempt fences the older, and goes on at its step") {
    withServer(settings()) { live =>
      val old = rowWorker(live, 2, attempt = 5)
      pull(old, 0)
      old.call(push(0), Array.fill(6)(1f), numbers(1))
      val newer = live.connect()
      assert(newer.call(Hello(0, 2, 9, 10, names)).asInstanceOf[Welcome].step === 1)
      assertError(ErrorCode.Fenced, old.call(push(1, 1), Array.fill(6)(1f)))
      assert(pull(newer, 0).drop(3) === Seq(1f, 2f, 3f))
      assert(newer.call(push(1, 1), Array.fill(6)(1f)) === Weights(2))
      assertError(
        ErrorCode.Fenced,
        rowWorker(live, 0, attempt = 1).call(Hello(0, 2, 8, 10, names)) match {
          case Error(ErrorCode.Malformed, _) => live.connect().call(Hello(0, 2, 8, 10, names))
          case other                         => other
        }
      )
    }
  }

  test("numbers that are no rows, or do not ascend, are refused before anything is applied") {
    Seq(
      Seq(7) -> "row number 7",
      Seq(-1) -> "row number -1",
      Seq(2, 2) -> "2 follows 2",
      Seq(3, 1) -> "1 follows 3"
    )
      .foreach { case (bad, words) =>
        withServer(settings()) { live =>
          val w = rowWorker(live)
          pull(w, 0)
          val why = assertError(ErrorCode.Malformed, w.call(push(0), Array.fill(6)(1f), numbers(bad: _*)))
          assert(why.contains(words))
          assert(
            assertError(
              ErrorCode.Malformed,
              rowWorker(live, 1).call(PullRows, state = numbers(bad: _*))
            ) === why
          )
          assert(live.weights === start.toSeq)
          assert(live.server.failure === None)
        }
      }
  }

  test("bodies of another size than the rows take are refused by the header alone, and fail the fit") {
    Seq[(Message, Long)](
      PullRows -> 3L,
      PullRows -> 4L * 8,
      PullRows -> (1L << 62),
      push(0) -> 4L * 5,
      push(0) -> (4L * 6 + 2),
      push(0) -> (4L * 6 + 4L * 8)
    ).foreach { case (message, length) =>
      withServer(settings()) { live =>
        val w = rowWorker(live)
        pull(w, 0)
        w.sendRaw(MessageCodec.write(message, length))
        val why = assertError(ErrorCode.Sizes, w.receive()._1)
        assert(why.contains(length.toString))
        assert(live.server.failure === Some(why))
      }
    }
  }

  test("rows without a Hello that names tables, and tables that are none, are refused") {
    withServer(settings()) { live =>
      assert(assertError(ErrorCode.Malformed, live.worker(0).call(PullRows)).contains("Hello named none"))
      assert(assertError(ErrorCode.Malformed, live.worker(0).call(push(0))).contains("Hello named none"))
      assertError(ErrorCode.Malformed, live.connect().call(Hello(0, 0, 0, 10, "[1]")))
      assert(
        assertError(ErrorCode.Sizes, live.connect().call(Hello(0, 0, 0, 10, """["word"]""")))
          .contains("'word'")
      )
    }
    withServer(settings()) { live =>
      rowWorker(live)
      val other = live.connect().call(Hello(0, 1, 0, 10, """["words"]"""))
      assert(assertError(ErrorCode.Sizes, other).contains("takes words by rows, others words, tags"))
    }
  }

  test("the chosen worker sends all weights once, and has rows from then on") {
    withServer(config(initial = None)) { live =>
      val first = live.connect()
      assert(first.call(Hello(0, 0, 0, 10, names)).asInstanceOf[Welcome].initialize)
      val second = live.connect()
      second.send(Hello(0, 1, 0, 10, names))
      assert(first.call(Initialize(model.toJson), start) === Ack(0))
      assert(WireClient.floats(second.receive()._2) === Seq(0f, 1f, 14f))
      assert(pull(first, 4, 6).drop(3) === Seq(15f, 17f))
      assert(pull(second).size === 3)
      assert(first.call(push(0), Array.fill(5)(1f)) === Weights(1))
    }
  }

  // Under these, a row without a gradient takes the step that a gradient of 0 makes.
  Seq("gradient_descent" -> 1e-6, "adam" -> 1e-5).foreach { case (name, tolerance) =>
    test(s"$name: rows, whole weights and changes among them come out as whole weights alone") {
      val optimizer = Optimizer.create(name, 0.1, Map.empty)
      val random = new Random(4)
      withServer(settings().copy(optimizer = optimizer)) { sparse =>
        withServer(settings().copy(optimizer = optimizer)) { dense =>
          val whole = dense.worker(0)
          val other = sparse.worker(1)
          val byRows = rowWorker(sparse)
          var steps, others = 0L
          var held = Seq(0, 2)
          pull(byRows, held: _*)
          for (t <- 0 until 60) {
            val next = (0 until 7).filter(_ => random.nextInt(5) == 0)
            val gradient = Array.fill(model.weightCount)(random.nextGaussian().toFloat)
            val change = t % 10 == 3
            def plain(step: Long) =
              Push(step, t.toLong, 1, answerWithWeights = true, shared = false, change = change, 0)
            if (t % 5 == 3) { // the other worker's turn
              val (reply, body) = other.callFor(plain(others), gradient)
              assert(reply === Weights(t + 1L))
              others += 1
              close(
                WireClient.floats(body),
                WireClient.floats(whole.callFor(plain(t.toLong), gradient)._2),
                tolerance
              )
            } else {
              val places = Seq(0, 1, 14) ++ held.flatMap(placesOf)
              w(byRows.call(push(steps, t.toLong), places.map(gradient(_)).toArray, numbers(next: _*)))
              steps += 1
              held = next
              w(
                whole.call(
                  plain(t.toLong).copy(change = false),
                  Array.tabulate(gradient.length) { i =>
                    if (places.contains(i)) gradient(i) else 0f
                  }
                )
              )
            }
          }
          close(pull(byRows, 0, 1, 2, 3).drop(3), dense.weights.slice(2, 14), tolerance)
          close(sparse.weights, dense.weights, tolerance)
        }
      }
    }
  }

  private def placesOf(row: Int): Seq[Int] =
    if (row < 4) (0 until 3).map(2 + 3 * row + _) else Seq(15 + row - 4)

  private def w(reply: Message): Unit = assert(reply.isInstanceOf[Weights], reply)

  private def close(ours: Seq[Float], theirs: Seq[Float], tolerance: Double): Unit = {
    assert(ours.size === theirs.size)
    ours.zip(theirs).foreach { case (a, b) => assert(math.abs(a - b) <= tolerance * (1 + math.abs(b))) }
  }

  test("hogwild: rows of several workers at once lose no more than single updates") {
    val wide = Layout(Seq(Variable("table", Seq(5000, 16))), Nil)
    withServer(config("hogwild", Some(zeros(wide)))) { live =>
      together(4) { i =>
        val client = live.connect()
        client.call(Hello(0, i, 0, 10, """["table"]"""))
        val rows = (0 until 5000 by 3).toArray
        pull(client, rows.toSeq: _*)
        (0 until 50).foreach { s =>
          val reply = client.call(push(s.toLong), ones(rows.length * 16), numbers(rows.toSeq: _*))
          assert(reply.isInstanceOf[Weights])
        }
      }
      assert(live.server.steps === 200)
      live.weights.grouped(16).zipWithIndex.foreach { case (row, i) =>
        if (i % 3 == 0) assert(row.forall(w => w <= -1f && w >= -200f)) else assert(row.forall(_ == 0f))
      }
    }
  }
}
