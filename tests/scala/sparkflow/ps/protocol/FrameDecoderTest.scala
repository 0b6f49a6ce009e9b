package sparkflow.ps.protocol

import java.nio.ByteBuffer

import scala.util.Random

import io.netty.buffer.{ByteBuf, ByteBufUtil, PooledByteBufAllocator, Unpooled, UnpooledByteBufAllocator}
import io.netty.channel.embedded.EmbeddedChannel
import org.scalatest.funsuite.AnyFunSuite

class FrameDecoderTest extends AnyFunSuite {
  private val random = new Random(7)
  private val values = random.nextBytes(20000)
  private val state = random.nextBytes(37)
  private val push = Push(0, 0, 1, answerWithWeights = true, shared = false, change = false, 0.5)
  private val sent: Seq[(Message, Array[Byte])] = Seq(
    Hello(0, 1, 2, 3) -> Array.emptyByteArray,
    Initialize("{}") -> (values ++ state),
    Pull -> Array.emptyByteArray,
    push -> values.reverse,
    PushState -> state,
    Failed("größer") -> Array.emptyByteArray
  )
  private val bytes = sent.flatMap { case (message, body) => encode(message, body) }.toArray

  private def encode(message: Message, body: Array[Byte]): Seq[Byte] = {
    val pieces =
      FrameEncoder.encode(UnpooledByteBufAllocator.DEFAULT, message, Seq(Unpooled.wrappedBuffer(body)))
    val all = pieces.flatMap(p => ByteBufUtil.getBytes(p).toSeq)
    pieces.foreach(_.release())
    all
  }

  // Several buffers, direct and on the heap, an empty one among them.
  private object Any extends Admission {
    override def header(header: Header): Unit = ()
    override def body(message: Message, length: Long): Seq[ByteBuffer] = {
      val first = (length / 3).toInt
      Seq(
        ByteBuffer.allocateDirect(first),
        ByteBuffer.allocate(0),
        ByteBuffer.allocate(length.toInt - first)
      )
    }
  }

  private def contents(body: Seq[ByteBuffer]): Seq[Byte] = body.flatMap { buffer =>
    val bytes = new Array[Byte](buffer.remaining)
    buffer.duplicate.get(bytes)
    bytes
  }

  private def checkRead(chunks: Iterator[Array[Byte]], wrap: Array[Byte] => ByteBuf): Unit = {
    val channel = new EmbeddedChannel(new FrameDecoder(Any))
    chunks.foreach { c =>
      val chunk = wrap(c)
      channel.writeInbound(chunk)
      assert(chunk.refCnt === 0)
    }
    sent.foreach { case (message, body) =>
      val read = channel.readInbound[Frame]()
      assert(read.message === message)
      assert(contents(read.body) === body.toSeq)
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

  test("the body lands in the buffers that were offered, which may be used again") {
    val buffer = ByteBuffer.allocateDirect(values.length)
    val channel = new EmbeddedChannel(new FrameDecoder(new Admission {
      override def header(header: Header): Unit = ()
      override def body(message: Message, length: Long): Seq[ByteBuffer] = Seq(buffer)
    }))
    Seq(values, values.reverse).foreach { v =>
      channel.writeInbound(Unpooled.wrappedBuffer(encode(push, v).toArray))
      assert(channel.readInbound[Frame]().body === Seq(buffer))
      assert(contents(Seq(buffer)) === v.toSeq)
    }
  }

  test("a body that the socket reads in place arrives whole, between others that it does not") {
    val (large, small) = (random.nextBytes(300000), random.nextBytes(100))
    val frames = Seq(large, small, large.reverse)
    val stream = Unpooled.wrappedBuffer(frames.flatMap(encode(push, _)).toArray)
    val decoder = new FrameDecoder(new Admission {
      override def header(header: Header): Unit = ()
      override def body(message: Message, length: Long): Seq[ByteBuffer] = {
        val first = math.min(length, 100001).toInt
        Seq(ByteBuffer.allocateDirect(first), ByteBuffer.allocateDirect(length.toInt - first))
      }
    })
    val channel = new EmbeddedChannel(decoder)
    var inPlace = 0
    val cuts = new Random(3)
    while (stream.isReadable) {
      val room = decoder.room()
      val into = if (room == null) Unpooled.buffer(1000) else { inPlace += 1; room }
      val length = math.min(stream.readableBytes, math.min(into.writableBytes, 1 + cuts.nextInt(60000)))
      into.writeBytes(stream, length)
      channel.writeInbound(into)
      assert(into.refCnt === 0)
    }
    frames.foreach(f => assert(contents(channel.readInbound[Frame]().body) === f.toSeq))
    assert(inPlace > 4)
    assert(decoder.room() === null)
  }

  test("what the admission refuses by its header is not read, nor is anything after it") {
    val channel = new EmbeddedChannel(new FrameDecoder(new Admission {
      override def header(header: Header): Unit = throw new Refused(ErrorCode.Over, "no")
      override def body(message: Message, length: Long): Seq[ByteBuffer] = fail("asked for room")
    }))
    val chunk = Unpooled.wrappedBuffer(bytes)
    assert(intercept[Refused](channel.writeInbound(chunk)).code === ErrorCode.Over)
    assert(chunk.refCnt === 0)
    val later = Unpooled.wrappedBuffer(bytes)
    channel.writeInbound(later)
    assert(later.refCnt === 0)
    assert(channel.readInbound[Frame]() === null)
  }
}
