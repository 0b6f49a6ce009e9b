package sparkflow.ps

import java.nio.file.{Files, Path}
import java.nio.{ByteBuffer, ByteOrder}
import java.util.HexFormat

import org.json4s._
import org.json4s.jackson.JsonMethods.parse

import sparkflow.ps.protocol._
import sparkflow.ps.store.{Layout, NativeTopK, ShardStore, Variable}

class CompressionTest extends ServerTest {
  implicit private val formats: Formats = DefaultFormats

  private def vector(count: Int) = Layout(Seq(Variable("w", Seq(count))), Nil)

  private def push(encoding: Encoding, step: Long = 0, version: Long = 0) =
    Push(
      step,
      version,
      10,
      answerWithWeights = true,
      shared = false,
      change = false,
      0.5,
      encoding,
      bf16Weights = true
    )

  private def bytes(count: Int)(write: ByteBuffer => Any): Array[Byte] = {
    val buffer = ByteBuffer.allocate(count).order(ByteOrder.LITTLE_ENDIAN)
    write(buffer)
    buffer.array
  }

  private def top(indices: Int*)(values: Float*) = bytes(8 * indices.length) { buffer =>
    indices.foreach(buffer.putInt)
    values.foreach(buffer.putFloat)
  }

  private def widened(body: Array[Byte]): Seq[Float] = {
    val halves = ByteBuffer.wrap(body).order(ByteOrder.LITTLE_ENDIAN).asShortBuffer
    (0 until halves.remaining).map(i => java.lang.Float.intBitsToFloat(halves.get(i) << 16))
  }

  private val golden =
    (parse(Files.readString(Path.of("tests/fixtures/frames/index.json"))) \ "frames")
      .extract[List[JObject]]
      .filter(frame => (frame \ "decoded") != JNothing)

  test("there is a golden frame of each encoding") {
    assert(golden.map(f => (f \ "fields" \ "encoding").extract[String]) === Seq("bf16", "int8", "topk"))
  }

  for (mode <- Seq("hogwild", "locked"); frame <- golden) {
    val name = (frame \ "fields" \ "encoding").extract[String]
    test(s"$mode: the golden gradient of $name is applied as it is read, and the weights come back as bf16") {
      val encoding = Encoding.all.find(_.toString.toLowerCase == name).get
      val decoded = (frame \ "decoded").extract[List[Double]].map(_.toFloat)
      withServer(config(mode, Some(zeros(vector(decoded.length))))) { live =>
        val w = live.worker(0)
        val body = HexFormat.of().parseHex((frame \ "state").extract[String])
        val (reply, weights) = w.callFor(push(encoding), state = body)
        assert(reply === Weights(1))
        assert(live.weights === decoded.map(0f - _))
        assert(widened(weights) === decoded.map(0f - _))
        // A step that was applied before is answered alike.
        val (again, same) = w.callFor(push(encoding), state = body)
        assert(again === Weights(1) && same.toSeq === weights.toSeq)
        // Encodings may change from push to push.
        val plain = push(Encoding.Float32, 1, 1).copy(bf16Weights = false)
        assert(WireClient.floats(w.callFor(plain, ones(decoded.length))._2) === decoded.map(-1f - _))
      }
    }
  }

  test("a vector of many shards is decoded and encoded whole") {
    val count = 3 * ShardStore.shardLength + 5
    val wide = vector(count)
    val scale = bytes(4 * ((count + 1023) / 1024) + count) { buffer =>
      (0 until (count + 1023) / 1024).foreach(block => buffer.putFloat((1 << (block % 8)).toFloat))
      (0 until count).foreach(i => buffer.put((i % 7 - 3).toByte))
    }
    val expected = (0 until count).map(i => (i % 7 - 3) * (1 << (i / 1024 % 8)).toFloat)
    withServer(config(initial = Some(zeros(wide)))) { live =>
      val (reply, body) = live.worker(0).callFor(push(Encoding.Int8), state = scale)
      assert(reply === Weights(1))
      assert(widened(body) === expected.map(0f - _))
      assert(live.weights === expected.map(0f - _))
    }
    val indices = (0 until NativeTopK.share(count)).map(_ * 20)
    withServer(config(initial = Some(zeros(wide)))) { live =>
      live.worker(0).call(push(Encoding.TopK), state = top(indices: _*)(indices.map(_.toFloat): _*))
      assert(live.weights === (0 until count).map(i => if (i % 20 == 0) -i.toFloat else 0f))
    }
  }

  test("an encoded change is added") {
    withServer(config(initial = Some(zeros(vector(4))))) { live =>
      live.worker(0).call(push(Encoding.TopK).copy(change = true), state = top(2)(5f))
      assert(live.weights === Seq(0f, 0f, 5f, 0f))
    }
  }

  test("what is not finite stays so") {
    withServer(config(initial = Some(zeros(vector(4))))) { live =>
      val w = live.worker(0)
      w.call(push(Encoding.TopK), state = top(2)(Float.NaN))
      assert(live.weights.map(_.isNaN) === Seq(false, false, true, false))
      w.call(push(Encoding.Int8, 1, 1), state = bytes(8)(_.putFloat(Float.PositiveInfinity)))
      assert(live.weights.forall(_.isNaN))
    }
  }

  Seq(Seq(-1, 1), Seq(1, 40), Seq(7, 7), Seq(9, 3)).foreach { indices =>
    test(s"topk indices ${indices.mkString(", ")} of 40 weights are refused before anything is applied") {
      withServer(config(initial = Some(zeros(vector(40))))) { live =>
        val w = live.worker(0)
        val answer = w.call(push(Encoding.TopK), state = top(indices: _*)(1f, 1f))
        assert(assertError(ErrorCode.Malformed, answer).contains("ascend"))
        assert(w.atEnd())
        assert(live.weights === Seq.fill(40)(0f))
        assert(live.server.failure === None)
      }
    }
  }

  Encoding.all.foreach { encoding =>
    test(s"a body of another length than that of $encoding is refused by its header") {
      withServer(config(initial = Some(zeros(vector(40))))) { live =>
        val sizes = Map[Encoding, Long](
          Encoding.Float32 -> 160,
          Encoding.Bf16 -> 80,
          Encoding.Int8 -> 44,
          Encoding.TopK -> 16
        )
        val w = live.worker(0)
        w.sendRaw(MessageCodec.write(push(encoding), sizes(encoding) + 4))
        val why = assertError(ErrorCode.Sizes, w.receive()._1)
        assert(why.contains(s"$encoding") && why.contains(s"take ${sizes(encoding)}"))
      }
    }
  }

  test("nothing is encoded on a connection that shares memory") {
    val directory = Files.createTempDirectory("sparkflow-shm-test")
    val encoded = Seq(
      push(Encoding.Bf16).copy(bf16Weights = false),
      push(Encoding.Float32),
      push(Encoding.Float32).copy(shared = true)
    )
    encoded.foreach { message =>
      withServer(config().copy(sharedMemory = Some(directory))) { live =>
        val w = live.worker(0)
        w.call(Share)
        w.call(Attached(mapped = true, ""))
        assert(assertError(ErrorCode.Malformed, w.call(message)).contains("shares memory"))
      }
    }
  }

  // The dense part is bias and out; words has rows 0 to 3.
  private val tabled =
    Layout(Seq(Variable("bias", Seq(3)), Variable("words", Seq(4, 2)), Variable("out", Seq(37))), Nil)

  private def rowWorker(live: Live): WireClient = {
    val client = live.connect()
    assert(client.call(Hello(0, 0, 0, 10, """["words"]""")).isInstanceOf[Welcome])
    client
  }

  private def pushRows(encoding: Encoding, step: Long = 0) =
    PushRows(step, step, 10, shared = false, 0.5, encoding, bf16Weights = true)

  private def floats(values: Float*) = bytes(4 * values.length)(buffer => values.foreach(buffer.putFloat))
  private def ints(values: Int*) = bytes(4 * values.length)(buffer => values.foreach(buffer.putInt))

  private val fine = 1.01171875f // not a bfloat16

  Seq[(Encoding, Array[Byte])](
    Encoding.Float32 -> bytes(160)(_.putFloat(8, 1f).putFloat(4 * 39, -2f)),
    Encoding.Bf16 -> bytes(80)(_.putShort(4, 0x3f80).putShort(2 * 39, 0xc000.toShort)),
    Encoding.Int8 -> bytes(44)(_.putFloat(0, 1f).put(4 + 2, 1.toByte).put(4 + 39, (-2).toByte)),
    Encoding.TopK -> top(2, 39)(1f, -2f)
  ).foreach { case (encoding, dense) =>
    test(s"$encoding is of the dense part alone: rows before and behind it are float32") {
      withServer(config(initial = Some(zeros(tabled)))) { live =>
        val w = rowWorker(live)
        val (pulled, whole) = w.callFor(PullRows, state = ints(1, 3))
        assert(pulled === Weights(0) && WireClient.floats(whole) === Seq.fill(44)(0f))
        val rows = floats(fine, 2f, 3f, 4f)
        val (reply, body) = w.callFor(pushRows(encoding), state = dense ++ rows ++ ints(0, 1))
        assert(reply === Weights(1))
        val expected = Seq(0f, 0f, -1f) ++ Seq.fill(36)(0f) :+ 2f
        assert(widened(body.take(80)) === expected)
        assert(WireClient.floats(body.drop(80)) === Seq(0f, 0f, -fine, -2f))
        assert(live.weights.slice(3, 11) === Seq(0f, 0f, -fine, -2f, 0f, 0f, -3f, -4f))
        assert(live.weights.patch(3, Nil, 8) === expected)
        // A step that was applied before is answered alike, and not applied.
        val (again, same) = w.callFor(pushRows(encoding), state = dense ++ rows ++ ints(0, 1))
        assert(again === Weights(1) && same.toSeq === body.toSeq)
        val why = assertError(
          ErrorCode.Sizes,
          w.call(pushRows(encoding, 1), state = dense.drop(4) ++ rows.drop(2) ++ ints())
        )
        assert(why.contains(s"expected ${dense.length + rows.length} of values"))
      }
    }

    test(s"$encoding of no dense part has no bytes") {
      withServer(config(initial = Some(zeros(Layout(Seq(Variable("words", Seq(4, 2))), Nil))))) { live =>
        val w = rowWorker(live)
        w.call(PullRows, state = ints(2))
        val (reply, body) = w.callFor(pushRows(encoding), state = floats(fine, 1f) ++ ints(2))
        assert(reply === Weights(1) && WireClient.floats(body) === Seq(-fine, -1f))
      }
    }
  }

  test("topk indices that do not ascend leave the rows beside them alone, too") {
    withServer(config(initial = Some(zeros(tabled)))) { live =>
      val w = rowWorker(live)
      w.call(PullRows, state = ints(1))
      val answer = w.call(pushRows(Encoding.TopK), state = top(9, 3)(1f, 1f) ++ floats(1f, 1f))
      assert(assertError(ErrorCode.Malformed, answer).contains("ascend"))
      assert(live.weights === Seq.fill(48)(0f))
    }
  }

  test("nothing is encoded beside rows on a connection that shares memory") {
    val directory = Files.createTempDirectory("sparkflow-shm-test")
    val plain = pushRows(Encoding.Float32).copy(bf16Weights = false)
    val encoded = Seq(plain.copy(encoding = Encoding.Int8), plain.copy(shared = true, bf16Weights = true))
    encoded.foreach { message =>
      withServer(config(initial = Some(zeros(tabled))).copy(sharedMemory = Some(directory))) { live =>
        val w = rowWorker(live)
        w.call(Share)
        w.call(Attached(mapped = true, ""))
        assert(assertError(ErrorCode.Malformed, w.call(message)).contains("shares memory"))
      }
    }
  }
}
