package sparkflow.ps

import java.net.SocketException
import java.nio.ByteBuffer
import java.util.HexFormat

import scala.util.Random

import io.netty.buffer.PooledByteBufAllocator
import org.apache.spark.network.util.NettyUtils

import sparkflow.ps.auth.FitCertificate
import sparkflow.ps.protocol._

/** A live server whose peers send what no worker sends: it answers or hangs up, takes no memory for it, and serves on. */
class ServerFuzzTest extends ServerTest {
  private val allocator =
    NettyUtils.getSharedPooledByteBufAllocator(true, true).asInstanceOf[PooledByteBufAllocator]

  // Room for what a connection legitimately holds at a time is some hundred bytes here; the pool takes 4 MiB at once.
  private val mostDirect = 64L << 20

  /** Sends, and reads until the server hangs up or, if it does not, has answered what it was last asked. */
  private def provoke(client: WireClient, bytes: Array[Byte]): Seq[Message] = {
    try client.sendRaw(bytes)
    catch { case _: SocketException => () } // hung up on already
    client.shutdownOutput()
    Iterator.continually(client.next()).takeWhile(_.isDefined).flatten.toSeq
  }

  private def survives(what: String, usual: Int)(
      attack: (Live, Mutations) => (Seq[Message], Array[Byte])
  ): Unit =
    test(what) {
      val mutations = new Mutations(what.hashCode.toLong)
      val before = allocator.metric.usedDirectMemory
      var left = Mutations.count(usual)
      while (left > 0) withServer() { live =>
        // A peer that knows the secret may end the fit, with Failed for example: then on with the next.
        while (left > 0 && live.server.failure.isEmpty) {
          left -= 1
          val (answers, bytes) = attack(live, mutations)
          answers.foreach {
            case Error(ErrorCode.Internal, why) => fail(s"${HexFormat.of().formatHex(bytes)} gave $why")
            case _                              => ()
          }
        }
        assert(allocator.metric.usedDirectMemory - before < mostDirect)
        if (live.server.failure.isEmpty) {
          val version = live.server.steps
          val push = Push(0, version, 1, answerWithWeights = false, shared = false, change = false, 0)
          assert(
            live.worker(1 << 20, attempt = Long.MaxValue, round = 1 << 20).call(push, ones()) === Ack(
              version + 1
            )
          )
        }
      }
    }

  survives("peers that have not proven the secret", 2000) { (live, mutations) =>
    val bytes = mutations.next()
    val client = new WireClient(live.port)
    try (provoke(client, bytes), bytes)
    finally client.close()
  }

  private val random = new Random(7)

  survives("peers that have", 2000) { (live, mutations) =>
    val bytes = mutations.next()
    val client = live.connect()
    try {
      if (random.nextInt(4) > 0) client.call(Hello(0, random.nextInt(8), random.nextInt(1 << 30).toLong, 10))
      (provoke(client, bytes), bytes)
    } finally client.close()
  }

  test("peers on an encrypted wire that speak TLS nearly, or not at all") {
    val certificate = FitCertificate.make()
    val mutations = new Mutations(1303, Mutations.golden.take(1) :+ clientHello(certificate))
    val before = allocator.metric.usedDirectMemory
    withServer(config().copy(certificate = Some(certificate))) { live =>
      (0 until Mutations.count(1000)).foreach { _ =>
        val client = new WireClient(live.port)
        try {
          try client.sendRaw(mutations.next())
          catch { case _: SocketException => () }
          client.shutdownOutput()
          while (!client.atEnd()) {}
        } finally client.close()
      }
      assert(allocator.metric.usedDirectMemory - before < mostDirect)
      val push = Push(0, 0, 1, answerWithWeights = false, shared = false, change = false, 0)
      assert(live.worker(0).call(push, ones()) === Ack(1))
    }
  }

  private def clientHello(certificate: FitCertificate): Array[Byte] = {
    val engine = WireClient.trusting(certificate.certificate).createSSLEngine()
    engine.setUseClientMode(true)
    val out = ByteBuffer.allocate(engine.getSession.getPacketBufferSize)
    engine.wrap(ByteBuffer.allocate(0), out)
    out.array.take(out.position())
  }
}
