package sparkflow.job

import scala.concurrent.duration._
import scala.util.Using

import org.apache.spark.{SparkConf, SparkContext}
import org.apache.spark.scheduler.{SparkListener, SparkListenerExecutorAdded, SparkListenerTaskEnd}
import org.apache.spark.sql.sparkflow.PythonBridge

/** The task slots of one fit, in modes in which its workers wait for each other and so must all run at once. Until it is
  * closed no other fit counts on them; two fits that have half of their workers each would wait for ever.
  *
  * Not by a barrier stage: that would be started anew as a whole when one task fails, whereas here the one that is
  * retried goes on where its partition was, while the others wait.
  *
  * @param total   slots that there are
  * @param running tasks that take one
  * @param watch   calls back when there may be more, until it is closed
  */
private[job] final class TaskSlots(
    conf: SparkConf,
    total: => Int,
    running: => Int,
    watch: (() => Unit) => AutoCloseable
) extends AutoCloseable {
  import TaskSlots._

  private val isLocal = conf.get("spark.master", "").startsWith("local")
  private var held = 0

  /** Waits a moment for slots that other tasks are about to leave, and executors that are about to come.
    *
    * @throws IllegalArgumentException if there is no slot for each of the `workers`
    */
  def take(need: Need, workers: Int, patience: FiniteDuration = patience): Unit = Taken.synchronized {
    if (!isLocal && conf.getBoolean("spark.dynamicAllocation.enabled", defaultValue = false)) {
      // Executors are asked for when tasks wait for them; the server's deadline covers those that do not come.
      for (most <- mostSlots(conf) if most < workers)
        refuse(need, workers, s"spark.dynamicAllocation.maxExecutors allows for $most task slots", most)
    } else {
      Using.resource(watch(() => Taken.synchronized(Taken.notifyAll()))) { _ =>
        val deadline = patience.fromNow
        while (total - others < workers && !(isLocal && total < workers) && deadline.hasTimeLeft())
          Taken.wait(deadline.timeLeft.toMillis + 1)
      }
      val (slots, busy) = (total, others)
      if (slots < workers) refuse(need, workers, s"there are $slots task slots", slots)
      if (slots - busy < workers)
        refuse(need, workers, s"other tasks run in $busy of the $slots task slots", slots - busy)
    }
    hold(workers)
  }

  override def close(): Unit = Taken.synchronized {
    hold(0)
    Taken.notifyAll()
  }

  private def hold(slots: Int): Unit = {
    Taken.slots += slots - held
    held = slots
  }

  // Slots that run a task, or that other fits have taken, whose tasks run already or are about to.
  private def others: Int = math.max(running, Taken.slots - held)

  private def refuse(need: Need, workers: Int, but: String, free: Int): Unit = {
    val fewer = if (free > 0) s"set partitions to $free, or " else ""
    val more =
      if (isLocal) s"start the session with master local[$workers]"
      else "give the application more executors or cores (spark.executor.instances, spark.executor.cores)"
    throw new IllegalArgumentException(
      s"${need.who} all $workers workers must run at once, but $but: $fewer$more, or ${need.instead}"
    )
  }
}

private[job] object TaskSlots {

  def apply(sc: SparkContext): TaskSlots =
    new TaskSlots(sc.getConf, PythonBridge.slots(sc), PythonBridge.runningTasks(sc), watch(sc))

  // Of all fits in this JVM, which has one SparkContext; and the lock that its changes are told by.
  private object Taken {
    var slots = 0
  }

  private def watch(sc: SparkContext)(changed: () => Unit): AutoCloseable = {
    val listener = new SparkListener {
      override def onTaskEnd(event: SparkListenerTaskEnd): Unit = changed()
      override def onExecutorAdded(event: SparkListenerExecutorAdded): Unit = changed()
    }
    sc.addSparkListener(listener)
    () => sc.removeSparkListener(listener)
  }

  /** Why a fit needs all workers at once, as the begin of a sentence, and what can be done without. */
  final case class Need(who: String, instead: String)

  def needOf(request: TrainRequest): Option[Need] =
    need(Option.when(request.together)(request.mode), stopping(request))

  /** None if its workers may train one after the other. */
  def need(mode: Option[String], stopping: Seq[String]): Option[Need] = {
    val other = "use mode 'hogwild' or 'locked', in which partitions may train one after the other"
    lazy val names = stopping.map(_.takeWhile(_ != ' ')).mkString(" and ")
    (mode, stopping) match {
      case (None, Nil)       => None
      case (Some(mode), Nil) => Some(Need(s"mode is '$mode', in which", other))
      case (None, _)         => Some(Need(stopping.mkString("", " and ", ", for which"), s"leave $names out"))
      case (Some(mode), _) =>
        Some(
          Need(
            s"mode is '$mode' and ${stopping.mkString(" and ")}, for which",
            s"$other, and leave $names out"
          )
        )
    }
  }

  /** What of early stopping a request asks for. */
  def stopping(request: TrainRequest): Seq[String] =
    Option
      .when(request.earlyStoppingPatience > 0)(s"earlyStoppingPatience is ${request.earlyStoppingPatience}")
      .toSeq ++
      Option.when(request.restoreBest)("restoreBest is true")

  // A task that is killed, of a fit that has just failed, say, may take some seconds to end; and Spark itself gives the
  // first executors so long to register (spark.scheduler.maxRegisteredResourcesWaitingTime).
  private val patience = 30.seconds

  /** None where that can't be told. */
  private def mostSlots(conf: SparkConf): Option[Int] = for {
    executors <- conf.getOption("spark.dynamicAllocation.maxExecutors").flatMap(_.toIntOption)
    cores <- conf.getOption("spark.executor.cores").flatMap(_.toIntOption)
    slots = executors.toLong * (cores / conf.getInt("spark.task.cpus", 1))
  } yield math.min(slots, Int.MaxValue.toLong).toInt
}
