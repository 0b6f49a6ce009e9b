package sparkflow.ps.server

import java.util.concurrent.{CountDownLatch, TimeUnit}
import java.util.concurrent.atomic.AtomicInteger

import scala.concurrent.duration._

import org.scalatest.funsuite.AnyFunSuite

import sparkflow.ps.{IterationReport, ServerEvents}

class EventQueueTest extends AnyFunSuite {
  private def report(i: Int) = IterationReport(i, 0, 0, 0.5, 1, 1, 1, 0, 0, 1)

  private def listener(onReport: IterationReport => Unit) = new ServerEvents {
    override def lost(partition: Int, attempt: Long, silence: FiniteDuration): Unit = ()
    override def report(r: IterationReport): Unit = onReport(r)
    override def failed(message: String): Unit = ()
  }

  test("everything is delivered, in order, before close returns") {
    val seen = Seq.newBuilder[Int]
    val queue = new EventQueue(listener(r => seen += r.iteration), 2)
    queue.start()
    (0 until 100).foreach(i => queue.report(report(i))(() => ()))
    queue.close(10.seconds)
    assert(seen.result() === (0 until 100))
  }

  test("a slow listener gets everything, though all of it takes longer than the timeout") {
    val seen = new AtomicInteger
    val slow = new CountDownLatch(1)
    val queue =
      new EventQueue(listener { _ => slow.await(60, TimeUnit.MILLISECONDS); seen.incrementAndGet(); () }, 2)
    queue.start()
    (0 until 10).foreach(i => queue.report(report(i))(() => ()))
    queue.close(200.millis)
    assert(seen.get === 10)
  }

  test("beyond the capacity a report is accepted only when it was delivered") {
    val gate = new CountDownLatch(1)
    val accepted = new AtomicInteger
    val queue = new EventQueue(listener(_ => gate.await()), 2)
    queue.start()
    (0 until 5).foreach(i => queue.report(report(i)) { () => accepted.incrementAndGet(); () })
    assert(accepted.get === 2)
    gate.countDown()
    queue.close(10.seconds)
    assert(accepted.get === 5)
  }

  test("a listener that throws gets the next event all the same") {
    val seen = new AtomicInteger
    val queue = new EventQueue(
      listener { r =>
        seen.incrementAndGet()
        if (r.iteration == 0) throw new IllegalStateException("on purpose")
      },
      10
    )
    queue.start()
    (0 until 2).foreach(i => queue.report(report(i))(() => ()))
    queue.close(10.seconds)
    assert(seen.get === 2)
  }

  test("a listener that is stuck is interrupted at the deadline") {
    val stuck = new CountDownLatch(1)
    val interrupted = new CountDownLatch(1)
    val queue = new EventQueue(
      listener { _ =>
        try stuck.await()
        catch { case _: InterruptedException => interrupted.countDown() }
      },
      10
    )
    queue.start()
    queue.report(report(0))(() => ())
    queue.close(50.millis)
    assert(interrupted.await(10, TimeUnit.SECONDS))
  }
}
