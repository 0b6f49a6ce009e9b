package sparkflow.job

import scala.concurrent.duration._

import org.apache.spark.SparkConf
import org.scalatest.funsuite.AnyFunSuite

class TaskSlotsTest extends AnyFunSuite {
  private def conf(settings: (String, String)*) = new SparkConf(false).setAll(settings)

  private def refused(slots: TaskSlots, workers: Int): String =
    intercept[IllegalArgumentException](
      slots.check(TaskSlots.ofMode("sync"), workers, Duration.Zero)
    ).getMessage

  test("a slot for each worker is enough") {
    new TaskSlots(conf(), 4, 0).check(TaskSlots.ofMode("sync"), 4, Duration.Zero)
    new TaskSlots(conf(), 4, 1).check(TaskSlots.ofMode("sync"), 3, Duration.Zero)
  }

  test("too few slots are an error with the number and the setting") {
    intercept[IllegalArgumentException](
      new TaskSlots(conf("spark.master" -> "local[2]"), 2, 0)
        .check(TaskSlots.ofMode("sync"), 5, 1.hour) // at once
    )
    val local = refused(new TaskSlots(conf("spark.master" -> "local[2]"), 2, 0), 5)
    assert(
      local.startsWith("mode is 'sync', in which all 5 workers must run at once, but there are 2 task slots")
    )
    assert(local.contains("set partitions to 2, or start the session with master local[5], or use mode"))
    val cluster = refused(new TaskSlots(conf("spark.master" -> "yarn"), 2, 0), 5)
    assert(cluster.contains("spark.executor.instances"))
  }

  test("early stopping says that it is it") {
    val need = TaskSlots.Need("restoreBest is true, for which", "leave it out")
    val slots = new TaskSlots(conf("spark.master" -> "local[2]"), 2, 0)
    val message = intercept[IllegalArgumentException](slots.check(need, 3, Duration.Zero)).getMessage
    assert(message.startsWith("restoreBest is true, for which all 3 workers must run at once, but"))
    assert(message.endsWith("or leave it out"))
  }

  test("slots that other tasks take do not count, unless they fall free in time") {
    val busy = refused(new TaskSlots(conf(), 4, 3), 2)
    assert(busy.contains("other tasks run in 3 of the 4 task slots: set partitions to 1, or"))
    assert(!refused(new TaskSlots(conf(), 4, 4), 2).contains("set partitions"))
    val registered = Iterator(0, 2) ++ Iterator.continually(4)
    new TaskSlots(conf("spark.master" -> "yarn"), registered.next(), 0)
      .check(TaskSlots.ofMode("sync"), 4, 1.minute)
    val running = Iterator(2, 1) ++ Iterator.continually(0)
    new TaskSlots(conf(), 4, running.next()).check(TaskSlots.ofMode("sync"), 4, 1.minute)
  }

  test("with dynamic allocation it is what there may be that counts") {
    val dynamic = Seq("spark.dynamicAllocation.enabled" -> "true")
    new TaskSlots(conf(dynamic: _*), 0, 0).check(TaskSlots.ofMode("ssp"), 8)
    val bounded = dynamic ++ Seq(
      "spark.dynamicAllocation.maxExecutors" -> "3",
      "spark.executor.cores" -> "5",
      "spark.task.cpus" -> "2"
    )
    val slots = new TaskSlots(conf(bounded: _*), 0, 0)
    slots.check(TaskSlots.ofMode("ssp"), 6)
    assert(refused(slots, 7).contains("spark.dynamicAllocation.maxExecutors allows for 6 task slots"))
  }
}
