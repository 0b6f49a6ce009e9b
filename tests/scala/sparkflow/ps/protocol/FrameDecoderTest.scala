package sparkflow.ps.protocol

import scala.util.Random

import io.netty.buffer.{ByteBuf, ByteBufUtil, PooledByteBufAllocator, Unpooled, UnpooledByteBufAllocator}
import io.netty.channel.embedded.EmbeddedChannel
import org.scalatest.funsuite.AnyFunSuite

class FrameDecoderTest extends AnyFunSuite {
  private val random = new Random(7)
  private val values = Array.fill(5000)(random.nextFloat())
  private val state = Array.fill(37)(random.nextInt().toByte)
  private val sent = Seq(
    Frame(Hello(0, 1, 2, 3), Body.empty),
    Frame(Initialize("{}"), Body(values, state)),
    Frame(Pull, Body.empty),
    Frame(Push(0, 0, 1, answerWithWeights = true, 0.5), Body(values.reverse, Body.noBytes)),
    Frame(PushState, Body(Body.noFloats, state)),
    Frame(Failed("größer"), Body.empty)
  )
  private val bytes = sent.flatMap(encode).toArray

  private def encode(frame: Frame): Seq[Byte] = {
    val pieces = FrameEncoder.encode(UnpooledByteBufAllocator.DEFAULT, frame.message, frame.body)
    val all = pieces.flatMap(p => ByteBufUtil.getBytes(p).toSeq)
    pieces.foreach(_.release())
    all
  }

  private object Any extends Admission {
    override def header(header: Header): Unit = ()
    override def body(message: Message, length: Long): Body = message match {
      case _: Initialize => Body(new Array[Float](values.length), new Array[Byte](state.length))
      case PushState     => Body(Body.noFloats, new Array[Byte](length.toInt))
      case _             => Body(new Array[Float]((length / 4).toInt), Body.noBytes)
    }
  }

  private def checkRead(chunks: Iterator[Array[Byte]], wrap: Array[Byte] => ByteBuf): Unit = {
    val channel = new EmbeddedChannel(new FrameDecoder(Any))
    chunks.foreach { c =>
      val chunk = wrap(c)
      channel.writeInbound(chunk)
      assert(chunk.refCnt === 0)
    }
    sent.foreach { frame =>
      val read = channel.readInbound[Frame]()
      assert(read.message === frame.message)
      assert(read.body.floats.toSeq === frame.body.floats.toSeq)
      assert(read.body.bytes.toSeq === frame.body.bytes.toSeq)
    }
    assert(channel.readInbound[Frame]() === null)
  }

  private def direct(bytes: Array[Byte]): ByteBuf =
    PooledByteBufAllocator.DEFAULT.directBuffer(math.max(1, bytes.length)).writeBytes(bytes)

  test("frames fed byte by byte") {
    checkRead(bytes.grouped(1), Unpooled.wrappedBuffer(_: Array[Byte]))
  }

  test("all frames in one chunk") {
    checkRead(Iterator(bytes), direct)
  }

  (1 to 20).foreach { seed =>
    test(s"frames in random chunks, seed $seed") {
      val cuts = new Random(seed)
      val chunks = Iterator
        .unfold(bytes) { rest =>
          if (rest.isEmpty) None else Some(rest.splitAt(cuts.nextInt(if (seed % 2 == 0) 20 else 9000)))
        }
      checkRead(chunks, direct)
    }
  }

  test("chunks made of parts, as a composite buffer") {
    checkRead(
      bytes.grouped(1001),
      c => Unpooled.wrappedBuffer(direct(c.take(333)), direct(c.slice(333, 335)), direct(c.drop(335)))
    )
  }

  test("the body lands in the arrays that were offered, which may be used again") {
    val array = new Array[Float](values.length)
    val channel = new EmbeddedChannel(new FrameDecoder(new Admission {
      override def header(header: Header): Unit = ()
      override def body(message: Message, length: Long): Body = Body(array, Body.noBytes)
    }))
    Seq(values, values.reverse).foreach { v =>
      channel.writeInbound(
        Unpooled.wrappedBuffer(
          encode(Frame(Push(0, 0, 1, answerWithWeights = false, 0), Body(v, Body.noBytes))).toArray
        )
      )
      assert(channel.readInbound[Frame]().body.floats eq array)
      assert(array.toSeq === v.toSeq)
    }
  }

  test("what the admission refuses by its header is not read, nor is anything after it") {
    val channel = new EmbeddedChannel(new FrameDecoder(new Admission {
      override def header(header: Header): Unit = throw new Refused(ErrorCode.Over, "no")
      override def body(message: Message, length: Long): Body = fail("asked for room")
    }))
    val chunk = Unpooled.wrappedBuffer(bytes)
    assert(intercept[Refused](channel.writeInbound(chunk)).code === ErrorCode.Over)
    assert(chunk.refCnt === 0)
    val later = Unpooled.wrappedBuffer(bytes)
    channel.writeInbound(later)
    assert(later.refCnt === 0)
    assert(channel.readInbound[Frame]() === null)
  }

  test("a body of more than the pool's largest buffer comes in pieces, with nothing lost") {
    val large = Array.tabulate((9 << 20) / 4 + 3)(_.toFloat)
    val bytes = Array[Byte](1, 2, 3)
    val message = Welcome(initialize = false, 0, 0, large.length.toLong, 3, "{}")
    val pieces = FrameEncoder.encode(PooledByteBufAllocator.DEFAULT, message, Body(large, bytes))
    assert(pieces.length > 1)
    val channel = new EmbeddedChannel(new FrameDecoder(new Admission {
      override def header(header: Header): Unit = ()
      override def body(message: Message, length: Long): Body =
        Body(new Array[Float](large.length), new Array[Byte]((length - 4L * large.length).toInt))
    }))
    pieces.foreach(p => channel.writeInbound(p))
    val read = channel.readInbound[Frame]()
    assert(java.util.Arrays.equals(read.body.floats, large))
    assert(read.body.bytes.toSeq === bytes.toSeq)
  }
}
