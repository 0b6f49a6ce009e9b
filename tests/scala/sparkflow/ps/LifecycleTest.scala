package sparkflow.ps

import java.io.IOException
import java.net.{ConnectException, ServerSocket}

import scala.jdk.CollectionConverters._

import sparkflow.ps.auth.JobSecret
import sparkflow.ps.optim.{Optimizer, Slot}
import sparkflow.ps.protocol._

class LifecycleTest extends ServerTest {
  private def threads: Seq[String] =
    Thread.getAllStackTraces.keySet.asScala.map(_.getName).filter(_.startsWith("sparkflow-ps")).toSeq.sorted

  private def push(step: Long) =
    Push(step, 0, 1, answerWithWeights = false, shared = false, change = false, 0)

  test("close: the port is closed, the threads are gone, the result stays") {
    assert(threads.isEmpty)
    val live = new Live(config(), new Events)
    val workers = (0 until 3).map(live.worker(_))
    workers.foreach(_.call(push(0), ones()))
    assert(threads.nonEmpty)
    live.close()
    assert(threads === Nil)
    intercept[ConnectException](new WireClient(live.port))
    workers.foreach(w => assertError(ErrorCode.Over, w.receive()._1))
    workers.foreach(w => assert(w.atEnd()))
    live.close()
    assert(live.weights === Seq.fill(5)(-3f))
    assert(live.server.steps === 3)
    assert(live.server.failure === None)
  }

  test("close tells a worker that waits for its Welcome, and one in the middle of a frame") {
    val live = new Live(config(initial = None), new Events)
    live.connect().call(Hello(0, 0, 0, 1))
    val waiting = live.connect()
    waiting.send(Hello(0, 1, 0, 1))
    val sending = live.connect()
    sending.sendRaw(MessageCodec.write(Hello(0, 2, 0, 1), 0).take(30))
    val silent = new WireClient(live.port)
    silent.receive()
    live.close()
    assertError(ErrorCode.Over, waiting.receive()._1)
    assertError(ErrorCode.Over, sending.receive()._1)
    assert(threads === Nil)
  }

  test("closed before it was started, or started twice") {
    val never = new ParameterServer(config(), new Events)
    never.close()
    intercept[IllegalStateException](never.start())
    withServer()(live => intercept[IllegalStateException](live.server.start()))
    assert(threads === Nil)
  }

  test("a worker's failure is told once; the others are told by their next request, or while they wait") {
    val live = new Live(config(initial = None), new Events)
    val first = live.connect()
    first.call(Hello(0, 0, 0, 1))
    val waiting = live.connect()
    waiting.send(Hello(0, 1, 0, 1))
    val message = "loss became nan at iteration 3"
    assert(first.call(Failed(message)).isInstanceOf[Ack])
    assert(assertError(ErrorCode.Over, waiting.receive()._1) === message)
    assert(assertError(ErrorCode.Over, live.connect().call(Hello(0, 2, 0, 1))) === message)
    assertError(ErrorCode.Over, first.call(Failed("and more")))
    assert(live.server.failure === Some(message))
    live.close()
    assert(live.events.failed === Seq(message))
    assert(live.server.failure === Some(message))
  }

  test("an optimizer that throws fails the fit, not the JVM") {
    val broken = new Optimizer {
      override def name = "broken"
      override def slots: Seq[Slot] = Nil
      override def step(
          weights: Array[Float],
          gradient: Array[Float],
          slots: Array[Array[Float]],
          from: Int,
          until: Int,
          t: Long
      ): Unit = throw new ArithmeticException("on purpose")
    }
    val live = new Live(config().copy(optimizer = broken), new Events)
    assert(assertError(ErrorCode.Internal, live.worker(0).call(push(0), ones())).contains("on purpose"))
    live.close()
    assert(live.events.failed.length === 1)
    assert(live.events.failed.head.contains("on purpose"))
  }

  test("two servers in one JVM do not know of each other") {
    withServer() { one =>
      val other = config().copy(secret = JobSecret.random())
      withServer(other) { two =>
        assert(one.port !== two.port)
        val w = one.worker(0)
        w.call(push(0), ones())
        two.worker(0).call(Failed("two is broken"))
        assert(w.call(push(1), ones()) === Ack(2))
        assert(two.server.failure.nonEmpty && one.server.failure.isEmpty)
        two.close()
        assert(w.call(push(2), ones()) === Ack(3))
        assert(one.weights === Seq.fill(5)(-3f))
        assert(two.weights === Seq.fill(5)(0f))
      }
    }
    assert(threads === Nil)
  }

  test("a port that is taken: the error names it and the remedy, and nothing is left running") {
    val taken = new ServerSocket(0, 1, java.net.InetAddress.getByName("127.0.0.1"))
    try {
      val server = new ParameterServer(config().copy(port = taken.getLocalPort), new Events)
      val e = intercept[IOException](server.start())
      assert(e.getMessage.contains(taken.getLocalPort.toString))
      assert(e.getMessage.contains("taken") && e.getMessage.contains("port to 0"))
      assert(threads === Nil)
    } finally taken.close()
  }

  test("a host that is no address of this machine") {
    val server = new ParameterServer(config().copy(host = "192.0.2.1"), new Events)
    val e = intercept[IOException](server.start())
    assert(e.getMessage.contains("192.0.2.1") && e.getMessage.contains("spark.driver.bindAddress"))
    assert(threads === Nil)
  }

  test("a chosen port is bound, and free again after close") {
    val port = {
      val probe = new ServerSocket(0, 1, java.net.InetAddress.getByName("127.0.0.1"))
      probe.close()
      probe.getLocalPort
    }
    (0 until 2).foreach { _ =>
      withServer(config().copy(port = port)) { live =>
        assert(live.port === port)
        live.worker(0)
      }
    }
  }

  test("an unknown mode and a wrong port are refused") {
    val e = intercept[IllegalArgumentException](new ParameterServer(config("fast"), new Events))
    assert(e.getMessage.contains("'fast'") && e.getMessage.contains("hogwild, locked, ssp, sync"))
    intercept[IllegalArgumentException](config().copy(port = 65536))
  }

  test("a refused worker that still sends reads its Error") {
    withServer() { live =>
      val w = live.worker(0)
      w.sendRaw(MessageCodec.write(push(0), 8 << 20))
      (0 until 8).foreach(_ => w.sendRaw(new Array[Byte](1 << 20)))
      assertError(ErrorCode.Sizes, w.receive()._1)
      assert(w.atEnd())
    }
  }
}
