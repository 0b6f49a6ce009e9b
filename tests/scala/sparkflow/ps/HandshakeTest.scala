package sparkflow.ps

import java.nio.{ByteBuffer, ByteOrder}

import scala.collection.immutable.ArraySeq
import scala.concurrent.duration._

import sparkflow.ps.auth.JobSecret
import sparkflow.ps.protocol._

class HandshakeTest extends ServerTest {
  private val nonce = ArraySeq.unsafeWrapArray(Array.fill[Byte](32)(5))

  private def header(tag: Int, meta: Int, body: Long): Array[Byte] = {
    val out = ByteBuffer.allocate(Header.length).order(ByteOrder.LITTLE_ENDIAN)
    Header.write(Header(tag, meta, body), out)
    out.array
  }

  private def refused(code: Int)(send: WireClient => Unit): Unit = withServer() { live =>
    val client = new WireClient(live.port)
    assert(client.receive()._1.isInstanceOf[Challenge])
    send(client)
    assertError(code, client.receive()._1)
    assert(client.atEnd())
    client.close()
    live.worker(0).close()
  }

  test("both sides prove the secret") {
    withServer() { live =>
      val client = live.connect()
      assert(client.call(Hello(0, 0, 0, 1)).isInstanceOf[Welcome])
    }
  }

  test("a wrong secret is refused") {
    refused(ErrorCode.Handshake)(_.send(Answer(nonce, nonce)))
  }

  test("another fit's secret is refused, and no Accept is given for it") {
    withServer() { live =>
      val e = intercept[AssertionError](new WireClient(live.port).handshake(JobSecret.random()))
      assert(e.getMessage.contains("Error(2"))
    }
  }

  test("an answer that was good for another connection is refused") {
    withServer() { live =>
      val first = new WireClient(live.port)
      val challenge = first.receive()._1.asInstanceOf[Challenge]
      val answer =
        Answer(nonce, ArraySeq.from(secret.mac("sparkflow worker", challenge.nonce.toArray, nonce.toArray)))
      assert(first.call(answer).isInstanceOf[Accept])
      val second = new WireClient(live.port)
      second.receive()
      assertError(ErrorCode.Handshake, second.call(answer))
      assert(second.atEnd())
    }
  }

  test("the server's own MAC is no answer") {
    withServer() { live =>
      val client = new WireClient(live.port)
      val theirs = client.receive()._1.asInstanceOf[Challenge].nonce
      val mac = secret.mac("sparkflow server", theirs.toArray, nonce.toArray)
      assertError(ErrorCode.Handshake, client.call(Answer(nonce, ArraySeq.from(mac))))
    }
  }

  test("a request before the handshake is refused") {
    refused(ErrorCode.Handshake)(_.send(Hello(0, 0, 0, 1)))
  }

  test("a frame above 4,096 bytes before the handshake's end is refused by its header alone") {
    refused(ErrorCode.Malformed)(_.sendRaw(header(12, 4096 - 24 + 1, 0)))
  }

  test("a body of many bytes before the handshake's end is refused by its header alone") {
    refused(ErrorCode.Malformed)(_.sendRaw(header(12, 0, Long.MaxValue)))
  }

  test("a wrong magic is refused") {
    refused(ErrorCode.Malformed)(_.sendRaw("GET / HTTP/1.1\r\nHost: a\r\n\r\n".getBytes))
  }

  test("a peer that says nothing is cut off at the deadline") {
    withServer(config().copy(handshakeTimeout = 100.millis)) { live =>
      val client = new WireClient(live.port)
      client.receive()
      assertError(ErrorCode.Handshake, client.receive()._1)
      assert(client.atEnd())
    }
  }

  test("connections in the handshake are limited in number; those past it do not count") {
    withServer(config().copy(maxHandshakes = 2)) { live =>
      val workers = (0 until 4).map(live.worker(_))
      val waiting = (0 until 2).map(_ => new WireClient(live.port))
      waiting.foreach(_.receive())
      val third = new WireClient(live.port)
      assert(third.atEnd())
      waiting.foreach(_.close())
      workers.foreach(w => assert(w.call(Pull).isInstanceOf[Weights]))
    }
  }

  test("why the fit is over is not told to a peer that has not proven the secret") {
    val live = new Live(config(), new Events)
    val stranger = new WireClient(live.port)
    stranger.receive()
    live.worker(0).call(Failed("the label of row 7 is 'Jane Doe'"))
    live.close()
    assert(assertError(ErrorCode.Over, stranger.receive()._1) === "the fit is over")
  }
}
