package sparkflow.ps

import scala.concurrent.duration._

import org.scalatest.concurrent.Eventually
import org.scalatest.time.{Millis, Seconds, Span}

import sparkflow.ps.protocol._
import sparkflow.ps.store.{Layout, Variable}

/** Workers that fall silent, and those that only take their time. */
class SignsOfLifeTest extends ServerTest with Eventually {
  override implicit def patienceConfig: PatienceConfig = PatienceConfig(Span(20, Seconds), Span(5, Millis))

  // Long enough for a machine that is busy, short enough to wait for it some times.
  private val timeout = 1500.millis

  private def push(step: Long, version: Long = 0) =
    Push(step, version, 10, answerWithWeights = true, shared = false, change = false, 0.5)

  /** Does something every now and then until more than the timeout has passed. */
  private def outlast(action: => Unit): Unit = {
    val end = (timeout * 2).fromNow
    while (end.hasTimeLeft()) {
      action
      Thread.sleep(timeout.toMillis / 15)
    }
  }

  test(
    "a worker that says nothing is lost, which is told with its attempt; the next goes on, and others do not notice"
  ) {
    withServer(config().copy(workerTimeout = timeout)) { live =>
      val silent = live.worker(1, attempt = 7)
      val computing = live.worker(0)
      silent.call(push(0), ones())
      outlast(computing.send(Alive))
      assert(assertError(ErrorCode.Malformed, silent.receive()._1).contains("taken for lost"))
      assert(silent.atEnd())
      eventually(assert(live.events.lost === Seq(1 -> 7L)))
      assert(computing.call(push(0), ones()) === Weights(2))
      val next = live.connect()
      assert(next.call(Hello(0, 1, 8, 10)).asInstanceOf[Welcome].step === 1)
    }
  }

  test("a worker that starts may be silent for longer, but not for ever") {
    val short = 200.millis
    withServer(config().copy(workerTimeout = short)) { live =>
      val (silent, slow) = (live.connect(), live.connect())
      assert(silent.call(Starting(0, 3, 9)) === Ack(0))
      assert(slow.call(Starting(0, 1, 5)) === Ack(0))
      Thread.sleep(4 * short.toMillis)
      slow.send(Alive)
      eventually(assert(live.events.lost === Seq(3 -> 9L)))
      assert(
        assertError(ErrorCode.Malformed, silent.receive()._1)
          .contains("no byte for 2000 milliseconds: the worker is taken for lost")
      )
      assert(slow.call(Hello(0, 1, 5, 10)).isInstanceOf[Welcome])
      assert(live.server.counts.retries === 0)
      assert(live.connect().call(Hello(0, 3, 10, 10)).isInstanceOf[Welcome])
      assert(live.server.counts.retries === 1, "the attempt that was lost before its Hello")
    }
  }

  test("who starts says Hello for the same attempt, and starts once") {
    withServer() { live =>
      def refused(messages: Message*): String = {
        val client = live.connect()
        messages.init.foreach(client.call(_))
        client.send(messages.last)
        assertError(ErrorCode.Malformed, client.receive()._1)
      }
      assert(refused(Starting(0, 1, 5), Hello(0, 1, 6, 10)).contains("both must be of one attempt"))
      assert(refused(Starting(0, 1, 5), Starting(0, 1, 5)).contains("is expected here"))
      assert(refused(Hello(0, 1, 5, 10), Starting(0, 1, 5)).contains("is expected here"))
      assert(refused(Starting(0, -1, 5)).contains("count from 0"))
    }
  }

  test("a worker that stops in the middle of a frame is lost; one that sends byte by byte is not") {
    withServer(config().copy(workerTimeout = timeout)) { live =>
      val (stopped, slow) = (live.worker(0), live.worker(1))
      stopped.sendRaw(MessageCodec.write(push(0), 20) ++ new Array[Byte](7))
      val frame = MessageCodec.write(push(0), 20) ++ new Array[Byte](20)
      val bytes = frame.iterator
      outlast(if (bytes.hasNext) slow.sendRaw(Array(bytes.next())))
      slow.sendRaw(bytes.toArray)
      assert(slow.receive()._1 === Weights(1))
      assert(assertError(ErrorCode.Malformed, stopped.receive()._1).contains("in the middle of a frame"))
      eventually(assert(live.events.lost === Seq(0 -> 0L)))
    }
  }

  test("a worker that does not read its answer is lost; one that reads slowly is not") {
    val large = Layout(Seq(Variable("w", Seq(16 << 20))), Nil) // 64 MiB, more than any socket holds
    withServer(config(initial = Some(zeros(large))).copy(workerTimeout = timeout)) { live =>
      val (deaf, slow) = (live.connect(), live.connect())
      deaf.send(Hello(0, 0, 0, 10))
      slow.send(Hello(0, 1, 0, 10))
      var left = 64
      outlast {
        slow.exactly(1 << 20)
        left -= 1
      }
      slow.exactly(left << 20)
      eventually(assert(live.events.lost === Seq(0 -> 0L)))
    }
  }

  test("who waits for others is told that the server lives, and need not say so itself") {
    withServer(config("sync").copy(workerTimeout = timeout)) { live =>
      live.server.begin(0, 2)
      val (early, late) = (live.worker(0), live.worker(1))
      early.send(push(0), ones())
      outlast(late.send(Alive))
      assert(late.call(push(0), ones()) === Weights(1))
      val told = Iterator.continually(early.receiveAny()._1).takeWhile(_ == Alive).size
      assert(told >= 6, "six times in the timeout, which has passed twice")
      assert(early.call(push(0), ones()) === Weights(1)) // again: it is served on
      assert(live.events.lost === Nil)
    }
  }

  test("a connection that is reset is noticed at once") {
    withServer(config("sync").copy(waitTimeout = 300.millis)) { live =>
      live.server.begin(0, 2)
      val (one, other) = (live.worker(0), live.worker(1))
      other.reset()
      one.send(push(0), ones())
      assert(assertError(ErrorCode.Over, one.receive()._1).contains("partition 1: its task was lost"))
    }
  }
}
