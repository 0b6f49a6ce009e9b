package sparkflow.ps.protocol

import java.nio.{ByteBuffer, ByteOrder}
import java.nio.file.{Files, Path}
import java.util.HexFormat

import scala.collection.immutable.ArraySeq

import io.netty.buffer.{ByteBufUtil, Unpooled, UnpooledByteBufAllocator}
import io.netty.channel.embedded.EmbeddedChannel
import org.json4s._
import org.json4s.jackson.JsonMethods.parse
import org.scalatest.funsuite.AnyFunSuite

/** The frames that the Python codec reads, too; dev/golden_frames.py makes them from the text of the protocol. */
class GoldenFramesTest extends AnyFunSuite {
  implicit private val formats: Formats = DefaultFormats

  private def resource(file: String): Array[Byte] =
    Files.readAllBytes(Path.of("tests/fixtures/frames", file))

  private val index = parse(new String(resource("index.json"), "UTF-8"))

  private def message(name: String, fields: JValue): Message = {
    def hex(field: String) =
      ArraySeq.unsafeWrapArray(HexFormat.of().parseHex((fields \ field).extract[String]))
    def int(field: String) = (fields \ field).extract[Int]
    def long(field: String) = (fields \ field).extract[Long]
    def text(field: String) = (fields \ field).extract[String]
    def flag(field: String) = (fields \ field).extract[Boolean]
    def double(field: String) = (fields \ field).extract[Double]
    def encoding = Encoding.all.find(_.toString.toLowerCase == text("encoding")).get
    name match {
      case "Alive"      => Alive
      case "Starting"   => Starting(int("round"), int("worker"), long("attempt"))
      case "Challenge"  => Challenge(hex("nonce"))
      case "Answer"     => Answer(hex("nonce"), hex("mac"))
      case "Accept"     => Accept(hex("mac"))
      case "Hello"      => Hello(int("round"), int("worker"), long("attempt"), long("rows"), text("tables"))
      case "Initialize" => Initialize(text("layout"))
      case "Welcome" =>
        Welcome(
          flag("initialize"),
          long("step"),
          long("version"),
          long("weightCount"),
          long("stateBytes"),
          text("layout")
        )
      case "Pull"    => Pull
      case "Weights" => Weights(long("version"))
      case "Push" =>
        Push(
          long("step"),
          long("version"),
          int("samples"),
          flag("answerWithWeights"),
          flag("shared"),
          flag("change"),
          double("loss"),
          encoding,
          flag("bf16Weights")
        )
      case "Ack"    => Ack(long("version"))
      case "Report" => Report(int("iteration"), long("samples"), double("loss"), double("waited"))
      case "Validation" =>
        Validation(int("iteration"), long("samples"), double("loss"), text("metrics"))
      case "PushState" => PushState
      case "State"     => State
      case "Done"      => Done
      case "Failed"    => Failed(text("message"))
      case "Error"     => Error(int("code"), text("message"))
      case "Share"     => Share
      case "Segment"   => Segment(long("length"), long("weightsOffset"), text("text"))
      case "Attached"  => Attached(flag("mapped"), text("reason"))
      case "PullRows"  => PullRows
      case "PushRows" =>
        PushRows(
          long("step"),
          long("version"),
          int("samples"),
          flag("shared"),
          double("loss"),
          encoding,
          flag("bf16Weights")
        )
    }
  }

  private val frames = (index \ "frames").extract[List[JObject]]

  frames.foreach { frame =>
    val file = (frame \ "file").extract[String]
    val expected = message((frame \ "name").extract[String], frame \ "fields")
    val weights = (frame \ "weights").extract[List[Double]].map(_.toFloat)
    val state = HexFormat.of().parseHex((frame \ "state").extract[String])
    val raw = ByteBuffer.allocate(4 * weights.length + state.length).order(ByteOrder.LITTLE_ENDIAN)
    weights.foreach(raw.putFloat)
    raw.put(state).flip()

    test(s"$file is read as $expected".take(100)) {
      val admission = new Admission {
        override def header(header: Header): Unit = assert(header.tag === (frame \ "tag").extract[Int])
        override def body(message: Message, length: Long): Seq[ByteBuffer] = {
          assert(length === raw.remaining.toLong)
          Seq(ByteBuffer.allocate(4 * weights.length), ByteBuffer.allocate(state.length))
        }
      }
      val channel = new EmbeddedChannel(new FrameDecoder(admission))
      channel.writeInbound(Unpooled.wrappedBuffer(resource(file)))
      val read = channel.readInbound[Frame]()
      assert(read.message === expected)
      assert(read.body.flatMap(_.array.toSeq) === raw.array.toSeq)
      assert(channel.readInbound[Frame]() === null)
    }

    test(s"$file is what is written for $expected".take(100)) {
      val pieces =
        FrameEncoder.encode(UnpooledByteBufAllocator.DEFAULT, expected, Seq(Unpooled.wrappedBuffer(raw)))
      val written = pieces.flatMap(p => ByteBufUtil.getBytes(p))
      pieces.foreach(_.release())
      assert(written === resource(file).toSeq)
    }
  }

  test("every tag has a golden frame") {
    assert(frames.map(f => (f \ "tag").extract[Int]).toSet === MessageCodec.tags.toSet)
  }

  (index \ "refused").extract[List[JObject]].foreach { frame =>
    val file = (frame \ "file").extract[String]
    test(s"$file is refused: ${(frame \ "why").extract[String]}") {
      val admission = new Admission {
        override def header(header: Header): Unit = ()
        override def body(message: Message, length: Long): Seq[ByteBuffer] =
          fail(s"room was made for $message")
      }
      val channel = new EmbeddedChannel(new FrameDecoder(admission))
      val thrown = intercept[Refused](channel.writeInbound(Unpooled.wrappedBuffer(resource(file))))
      assert(thrown.code === (frame \ "code").extract[Int])
      assert(channel.readInbound[Frame]() === null)
    }
  }
}
