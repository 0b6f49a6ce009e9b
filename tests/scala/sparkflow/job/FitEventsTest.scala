package sparkflow.job

import scala.collection.mutable.Buffer
import scala.concurrent.duration._

import org.scalatest.funsuite.AnyFunSuite

class FitEventsTest extends AnyFunSuite {

  test("the task of a lost worker is killed, but not for ever: then the fit fails and names the partition") {
    val cancelled, killed = Buffer.empty[String]
    val events = new FitEvents(
      iterations = 10,
      verbose = 0,
      checkpoints = None,
      listener = None,
      cancelled += _,
      (attempt, why) => { killed += s"$attempt: $why"; true },
      mostLosses = 3
    )
    events.lost(2, 11, 20.seconds)
    events.lost(0, 12, 20.seconds) // another partition has losses of its own
    events.lost(2, 13, 20.seconds)
    assert(killed.head === "11: the worker of partition 2 gave no sign of life for 20 s")
    assert(killed.map(_.takeWhile(_ != ':')) === Seq("11", "12", "13"))
    assert(events.failure.isEmpty)
    events.lost(2, 14, 20.seconds)
    assert(killed.size === 3)
    assert(
      events.failure.exists(
        _.matches(".*partition 2 .* 20 s, and so it was with 3 attempts: .*workerTimeout")
      )
    )
    assert(cancelled.toSeq === events.failure.toSeq)
  }
}
