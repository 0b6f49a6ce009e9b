package sparkflow.ps

import java.nio.ByteOrder
import java.nio.channels.FileChannel
import java.nio.file.{Files, Path, StandardOpenOption}

import scala.jdk.CollectionConverters._
import scala.util.Using

import sparkflow.ps.protocol._
import sparkflow.ps.shm.SharedSegment

class SharedMemoryTest extends ServerTest {
  private val directory = Files.createTempDirectory("sparkflow-shm-test")
  private def maps(name: Any): Int = Using.resource(Files.lines(Path.of("/proc/self/maps")))(
    _.iterator.asScala.count(_.contains(name.toString))
  )
  private def files: Seq[Path] = Using.resource(Files.list(directory))(_.iterator.asScala.toList)

  private def sharing(at: Path = directory) = config().copy(sharedMemory = Some(at))

  private def push(step: Long, version: Long, shared: Boolean = true) =
    Push(step, version, 10, answerWithWeights = true, shared, change = false, 0.5)

  /** A worker's side of a segment. */
  private final class Mapped(segment: Segment) {
    private val buffer =
      Using.resource(
        FileChannel.open(Path.of(segment.text), StandardOpenOption.READ, StandardOpenOption.WRITE)
      )(_.map(FileChannel.MapMode.READ_WRITE, 0, segment.length).order(ByteOrder.LITTLE_ENDIAN))

    def gradient(values: Float*): Unit = values.zipWithIndex.foreach { case (v, i) =>
      buffer.putFloat(4 * i, v)
    }
    def weights: Seq[Float] = firstWeights(layout.weightCount)
    def firstWeights(count: Int): Seq[Float] =
      (0 until count).map(i => buffer.getFloat(segment.weightsOffset.toInt + 4 * i))
  }

  private def share(client: WireClient): (Segment, Mapped) = {
    val segment = client.call(Share).asInstanceOf[Segment]
    val mapped = new Mapped(segment)
    assert(client.call(Attached(mapped = true, "")).isInstanceOf[Ack])
    (segment, mapped)
  }

  test("gradients and weights travel through the segment, whose name is gone once both have it") {
    withServer(sharing()) { live =>
      val w = live.worker(0)
      val (segment, mapped) = share(w)
      assert(files === Nil)
      assert(segment.weightsOffset % 4096 === 0)
      mapped.gradient(1, 2, 3, 4, 5)
      val (reply, body) = w.callFor(push(0, 0))
      assert(reply === Weights(1) && body.isEmpty)
      assert(mapped.weights === Seq(-1f, -2f, -3f, -4f, -5f))
      assert(live.weights === Seq(-1f, -2f, -3f, -4f, -5f))
      // Another worker, over TCP, sees and adds to the same weights.
      live.worker(1).callFor(push(0, 1, shared = false), ones())
      assert(w.callFor(Pull)._1 === Weights(2))
      assert(mapped.weights === Seq(-2f, -3f, -4f, -5f, -6f))
      // A step that was applied before is answered with the weights as they are.
      assert(w.callFor(push(0, 0))._1 === Weights(2))
      assert(mapped.weights === Seq(-2f, -3f, -4f, -5f, -6f))
    }
  }

  test("a worker that takes a table by rows shares the dense part; its rows stay in the frames") {
    withServer(sharing()) { live =>
      val w = live.connect()
      w.call(Hello(0, 0, 0, 10, """["kernel"]"""))
      val (segment, mapped) = share(w)
      assert(segment.length === 4096 + 4)
      val (reply, none) = w.callFor(PullRows, state = Array[Byte](1, 0, 0, 0))
      assert(reply === Weights(0) && WireClient.floats(none) === Seq(0f, 0f))
      mapped.gradient(5)
      val shared = PushRows(0, 0, 10, shared = true, 0.5)
      val (pushed, rows) = w.callFor(shared, Array(1f, 2f), Array[Byte](0, 0, 0, 0, 1, 0, 0, 0))
      assert(pushed === Weights(1) && WireClient.floats(rows) === Seq(0f, 0f, -1f, -2f))
      assert(mapped.firstWeights(1) === Seq(-5f))
      assert(live.weights === Seq(0f, 0f, -1f, -2f, -5f))
    }
  }

  test("each worker has a segment of its own") {
    withServer(sharing()) { live =>
      val (one, two) = (live.worker(0), live.worker(1))
      val (first, second) = (share(one)._2, share(two)._2)
      first.gradient(1, 1, 1, 1, 1)
      second.gradient(2, 2, 2, 2, 2)
      one.call(push(0, 0))
      two.call(push(0, 1))
      assert(first.weights === Seq.fill(5)(-1f))
      assert(second.weights === Seq.fill(5)(-3f))
    }
  }

  test("the memory is unmapped when its worker leaves, and when the server closes") {
    val live = new Live(sharing(), new Events)
    val (one, two) = (live.worker(0), live.worker(1))
    val (first, second) = (share(one)._1.text, share(two)._1.text)
    assert(maps(first) === 3 && maps(second) === 3) // two vectors of the server's, and the test's own
    one.close()
    two.call(Pull)
    live.close()
    assert(maps(first) === 1 && maps(second) === 1)
  }

  test("only the owner can open a segment, and a worker that never attaches leaves nothing behind") {
    withServer(sharing()) { live =>
      val w = live.worker(0)
      val segment = w.call(Share).asInstanceOf[Segment]
      assert(Files.getPosixFilePermissions(Path.of(segment.text)).size === 2)
      assert(Files.size(Path.of(segment.text)) === segment.length)
      val again = w.call(Share).asInstanceOf[Segment]
      assert(again.text !== segment.text)
      assert(files.map(_.toString) === Seq(again.text))
      w.close()
      live.close()
      assert(files === Nil)
    }
  }

  test("a worker that cannot map it goes on over TCP") {
    withServer(sharing()) { live =>
      val w = live.worker(0)
      w.call(Share)
      assert(w.call(Attached(mapped = false, "no such file")).isInstanceOf[Ack])
      assert(files === Nil)
      val (reply, body) = w.callFor(push(0, 0, shared = false), ones())
      assert(reply === Weights(1) && body.length === 20)
    }
  }

  test("without shared memory, or where there is no room for it, the answer says so") {
    withServer(config().copy(sharedMemory = None)) { live =>
      assert(live.worker(0).call(Share) === Segment(0, 0, "transport is tcp"))
    }
    withServer(sharing(directory.resolve("missing"))) { live =>
      val w = live.worker(0)
      val refused = w.call(Share).asInstanceOf[Segment]
      assert(refused.length === 0 && refused.text.contains(directory.resolve("missing").toString))
      assert(w.callFor(push(0, 0, shared = false), ones())._1 === Weights(1))
    }
  }

  test("a push that claims a segment which is not attached is refused") {
    withServer(sharing()) { live =>
      val w = live.worker(0)
      w.call(Share)
      assert(assertError(ErrorCode.Malformed, w.call(push(0, 0))).contains("none is attached"))
      assertError(ErrorCode.Malformed, live.worker(1).call(Attached(mapped = true, "")))
      val (segment, _) = share(live.worker(2))
      assert(segment.length > 0 && files === Nil)
    }
  }

  test("a segment is occupied when it is made, and unmapped when it is closed") {
    val segment = SharedSegment.create(directory, Array[Byte](1, 2), Seq(8192, 100))
    assert(segment.length === 3 * 4096 + 8192 + 100)
    assert(segment.gradient.map(_.remaining) === Seq(8192, 100))
    assert(segment.weights.map(_.remaining) === Seq(8192, 100))
    assert(maps(segment.path) === 4)
    segment.weights(1).put(99, 7.toByte)
    val bytes = Files.readAllBytes(segment.path)
    assert(bytes.length === segment.length && bytes.last === 7)
    segment.close()
    segment.close()
    assert(maps(segment.path) === 0 && files === Nil)
  }
}
