package sparkflow.ps.protocol

import java.nio.ByteBuffer
import java.util.HexFormat

import io.netty.buffer.Unpooled
import io.netty.channel.embedded.EmbeddedChannel
import org.scalatest.funsuite.AnyFunSuite

import sparkflow.ps.Mutations

/** The decoder on input that no worker sends. */
class FrameFuzzTest extends AnyFunSuite {

  // As a server whose layout is small: it takes no body above a few KB.
  private object Small extends Admission {
    override def header(header: Header): Unit = ()
    override def body(message: Message, length: Long): Seq[ByteBuffer] =
      if (length > 4096) throw new Refused(ErrorCode.Sizes, s"a body of $length bytes")
      else Seq(ByteBuffer.allocate(length.toInt))
  }

  test("whatever comes in is frames, the beginning of one, or refused") {
    val mutations = new Mutations(20261127)
    var frames, refused = 0
    (0 until Mutations.count(100000)).foreach { _ =>
      val bytes = mutations.next()
      val channel = new EmbeddedChannel(new FrameDecoder(Small))
      try mutations.pieces(bytes).foreach(piece => channel.writeInbound(Unpooled.wrappedBuffer(piece)))
      catch {
        case _: Refused   => refused += 1
        case e: Throwable => fail(s"${HexFormat.of().formatHex(bytes)} gave $e", e)
      }
      while (channel.readInbound[Frame]() != null) frames += 1
      channel.close()
    }
    assert(frames > 0 && refused > 0)
  }
}
