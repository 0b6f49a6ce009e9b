package sparkflow.ps

import java.net.InetSocketAddress
import javax.net.ssl.{SSLException, SSLHandshakeException, SSLSocket}

import scala.collection.immutable.ArraySeq
import scala.concurrent.duration._

import io.netty.buffer.PooledByteBufAllocator
import org.apache.spark.network.util.NettyUtils

import sparkflow.ps.auth.{FitCertificate, JobSecret}
import sparkflow.ps.protocol._
import sparkflow.ps.store.{Layout, Variable}

/** The wire under TLS 1.3. */
class TlsTest extends ServerTest {
  private val certificate = FitCertificate.make()
  private val pinned = Some(certificate.certificate)

  private def encrypted(initial: Layout = layout) =
    config(initial = Some(zeros(initial))).copy(certificate = Some(certificate))

  private def tls(port: Int): SSLSocket = {
    val socket = WireClient.trusting(certificate.certificate).getSocketFactory.createSocket()
    socket.connect(new InetSocketAddress("127.0.0.1", port), 5000)
    socket.setSoTimeout(20000)
    socket.asInstanceOf[SSLSocket]
  }

  /** Several slices of several records, of a size that is no multiple of either. */
  private val large = Layout(Seq(Variable("w", Seq(300001))), Nil)

  test("values come through as they are, both ways, and in pieces of any size") {
    withServer(encrypted(large)) { live =>
      val worker = live.worker(0)
      val gradient = Array.tabulate(large.weightCount)(i => i.toFloat)
      val push = Push(0, 0, 1, answerWithWeights = true, shared = false, change = false, 0)
      val (answer, body) = worker.callFor(push, gradient)
      assert(answer === Weights(1))
      assert(WireClient.floats(body) === gradient.map(0f - _).toSeq)
      assert(live.connect().call(Hello(0, 1, 0, 1)).isInstanceOf[Welcome])
    }
  }

  test("it is TLS 1.3, and nothing older") {
    withServer(encrypted()) { live =>
      val socket = tls(live.port)
      assert(socket.getSession.getProtocol === "TLSv1.3")
      assert(socket.getSession.getPeerCertificates.toSeq === Seq(certificate.certificate))
      socket.close()
      val old = tls(live.port)
      old.setEnabledProtocols(Array("TLSv1.2"))
      intercept[SSLException](old.startHandshake())
      live.worker(0).close()
    }
  }

  test("a worker does not talk to a server with another fit's certificate") {
    withServer(encrypted()) { live =>
      intercept[SSLHandshakeException] {
        new WireClient(live.port, Some(FitCertificate.make().certificate)).receive()
      }
      live.worker(0).close()
    }
  }

  test("the secret is still asked for") {
    withServer(encrypted()) { live =>
      val e =
        intercept[AssertionError](new WireClient(live.port, pinned).handshake(JobSecret.random()))
      assert(e.getMessage.contains("Error(2"))
      val eager = new WireClient(live.port, pinned)
      eager.receive()
      assertError(ErrorCode.Handshake, eager.call(Hello(0, 0, 0, 1)))
      assert(eager.atEnd())
    }
  }

  test("a peer that speaks no TLS is told so in the clear") {
    withServer(encrypted()) { live =>
      val nonce = ArraySeq.unsafeWrapArray(new Array[Byte](32))
      val plain = new WireClient(live.port)
      assert(assertError(ErrorCode.Handshake, plain.call(Answer(nonce, nonce))).contains("TLS 1.3"))
      assert(plain.atEnd())
      live.worker(0).close()
    }
  }

  test("a peer that waits for a plain Challenge is told at the deadline, one that trickles is cut off, too") {
    withServer(encrypted().copy(handshakeTimeout = 300.millis)) { live =>
      val silent = new WireClient(live.port)
      val trickling = new WireClient(live.port)
      trickling.sendRaw(Array[Byte](22, 3, 1, 1))
      Seq(silent, trickling).foreach { client =>
        val words = assertError(ErrorCode.Handshake, client.receive()._1)
        assert(words.contains("too long") && words.contains("TLS 1.3"))
        assert(client.atEnd())
      }
    }
  }

  test(
    "a peer that has not proven the secret is read for 4,096 bytes in all, before TLS has come about and after"
  ) {
    withServer(encrypted()) { live =>
      val before = new WireClient(live.port)
      before.sendRaw(Array[Byte](22, 3, 1, 0x40, 0) ++ new Array[Byte](4092)) // of a record of 16 KiB
      assert(assertError(ErrorCode.Malformed, before.receive()._1).contains("4096 bytes"))
      assert(before.atEnd())
      val after = new WireClient(live.port, pinned)
      after.receive()
      after.sendRaw(MessageCodec.write(Initialize(" " * 4096), 0))
      assert(assertError(ErrorCode.Malformed, after.receive()._1).contains("4096 bytes"))
      assert(after.atEnd())
      live.worker(0).close()
    }
  }

  test("a connection that has not come to TLS holds up nobody when the fit ends") {
    val live = new Live(encrypted().copy(closeTimeout = 1.hour), new Events)
    val silent = new WireClient(live.port)
    live.worker(0).close()
    live.close()
    assertError(ErrorCode.Over, silent.receive()._1)
  }

  test("a refused worker that still sends reads its Error") {
    withServer(encrypted()) { live =>
      val w = live.worker(0)
      val push = Push(0, 0, 1, answerWithWeights = true, shared = false, change = false, 0)
      w.sendRaw(MessageCodec.write(push, 8 << 20))
      (0 until 8).foreach(_ => w.sendRaw(new Array[Byte](1 << 20)))
      assertError(ErrorCode.Sizes, w.receive()._1)
      assert(w.atEnd())
    }
  }

  test("an answer is encrypted as it is read, not all of it into memory") {
    val allocator =
      NettyUtils.getSharedPooledByteBufAllocator(true, true).asInstanceOf[PooledByteBufAllocator]
    val huge = Layout(Seq(Variable("w", Seq(16 << 20))), Nil)
    val bytes = 4L * huge.weightCount
    withServer(encrypted(huge)) { live =>
      val before = allocator.metric.usedDirectMemory
      val worker = live.connect()
      worker.send(Hello(0, 0, 0, 1))
      worker.exactly(1 << 20)
      assert(allocator.metric.usedDirectMemory - before < bytes * 3 / 2, "the weights, and little more")
    }
  }
}
