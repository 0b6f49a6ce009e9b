package sparkflow.job

import java.util.{Timer, TimerTask}

import scala.concurrent.duration._

import org.apache.spark.SparkConf
import org.scalatest.funsuite.AnyFunSuite

class TaskSlotsTest extends AnyFunSuite {
  private def conf(settings: (String, String)*) = new SparkConf(false).setAll(settings)

  /** Tells of changes again and again. */
  private def watch(changed: () => Unit): AutoCloseable = {
    val timer = new Timer(true)
    timer.schedule(new TimerTask { override def run(): Unit = changed() }, 0, 1)
    () => timer.cancel()
  }

  private def slots(conf: SparkConf, total: => Int, running: => Int) =
    new TaskSlots(conf, total, running, watch)

  private def enough(slots: TaskSlots, workers: Int, patience: FiniteDuration = Duration.Zero): Unit =
    try slots.take(need("sync"), workers, patience)
    finally slots.close()

  private def need(mode: String) = TaskSlots.need(Some(mode), Nil).get

  private def refused(slots: TaskSlots, workers: Int): String =
    intercept[IllegalArgumentException](
      slots.take(need("sync"), workers, Duration.Zero)
    ).getMessage

  test("a slot for each worker is enough") {
    enough(slots(conf(), 4, 0), 4, Duration.Zero)
    enough(slots(conf(), 4, 1), 3, Duration.Zero)
  }

  test("too few slots are an error with the number and the setting") {
    intercept[IllegalArgumentException](
      enough(slots(conf("spark.master" -> "local[2]"), 2, 0), 5, 1.hour) // at once
    )
    val local = refused(slots(conf("spark.master" -> "local[2]"), 2, 0), 5)
    assert(
      local.startsWith("mode is 'sync', in which all 5 workers must run at once, but there are 2 task slots")
    )
    assert(local.contains("set partitions to 2, or start the session with master local[5], or use mode"))
    val cluster = refused(slots(conf("spark.master" -> "yarn"), 2, 0), 5)
    assert(cluster.contains("spark.executor.instances"))
  }

  test("early stopping says that it is it") {
    val reasons = Seq("earlyStoppingPatience is 3", "restoreBest is true")
    def message(mode: Option[String]) = intercept[IllegalArgumentException](
      slots(conf("spark.master" -> "local[2]"), 2, 0)
        .take(TaskSlots.need(mode, reasons).get, 3, Duration.Zero)
    ).getMessage
    assert(
      message(None).startsWith(
        "earlyStoppingPatience is 3 and restoreBest is true, for which all 3 workers must run at once, but"
      )
    )
    assert(message(None).endsWith("or leave earlyStoppingPatience and restoreBest out"))
    assert(
      message(Some("ssp")).startsWith("mode is 'ssp' and earlyStoppingPatience is 3 and restoreBest is true")
    )
    assert(
      message(Some("ssp")).endsWith(
        "use mode 'hogwild' or 'locked', in which partitions may train one after the other, and leave earlyStoppingPatience " +
          "and restoreBest out"
      )
    )
    assert(TaskSlots.need(None, Nil).isEmpty)
  }

  test("slots that other tasks take do not count, unless they fall free in time") {
    val busy = refused(slots(conf(), 4, 3), 2)
    assert(busy.contains("other tasks run in 3 of the 4 task slots: set partitions to 1, or"))
    assert(!refused(slots(conf(), 4, 4), 2).contains("set partitions"))
    val registered = Iterator(0, 2) ++ Iterator.continually(4)
    enough(slots(conf("spark.master" -> "yarn"), registered.next(), 0), 4, 1.minute)
    val running = Iterator(2, 1) ++ Iterator.continually(0)
    enough(slots(conf(), 4, running.next()), 4, 1.minute)
  }

  test("with dynamic allocation it is what there may be that counts") {
    val dynamic = Seq("spark.dynamicAllocation.enabled" -> "true")
    enough(slots(conf(dynamic: _*), 0, 0), 8)
    val bounded = dynamic ++ Seq(
      "spark.dynamicAllocation.maxExecutors" -> "3",
      "spark.executor.cores" -> "5",
      "spark.task.cpus" -> "2"
    )
    val bound = slots(conf(bounded: _*), 0, 0)
    enough(bound, 6)
    assert(refused(bound, 7).contains("spark.dynamicAllocation.maxExecutors allows for 6 task slots"))
  }

  test("slots that another fit has taken do not count, though its tasks have not begun; until it ends") {
    val (first, second) = (slots(conf(), 4, 0), slots(conf(), 4, 0))
    first.take(need("sync"), 3)
    first.take(need("sync"), 3) // of its next round
    assert(refused(second, 2).contains("other tasks run in 3 of the 4 task slots: set partitions to 1, or"))
    enough(second, 1)
    val closing = new Thread(() => first.close())
    closing.start()
    second.take(need("ssp"), 4, 1.minute)
    closing.join()
    assert(refused(first, 1).contains("4 of the 4"))
    second.close()
    enough(first, 4)
  }
}
