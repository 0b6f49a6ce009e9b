package sparkflow.job

import scala.concurrent.duration._

import org.apache.spark.{SparkConf, SparkContext}
import org.apache.spark.sql.sparkflow.PythonBridge

/** Whether all workers of a round can run at once, in modes in which they wait for each other.
  *
  * Not by a barrier stage: that would be started anew as a whole when one task fails, whereas here the one that is
  * retried goes on where its partition was, while the others wait.
  *
  * @param total   slots that there are
  * @param running tasks that take one
  */
private[job] final class TaskSlots(conf: SparkConf, total: => Int, running: => Int) {
  import TaskSlots._

  private val isLocal = conf.get("spark.master", "").startsWith("local")

  /** Waits a moment for slots that other tasks are about to leave, and executors that are about to come.
    *
    * @throws IllegalArgumentException if there is no slot for each of the `workers`
    */
  def check(need: Need, workers: Int, patience: FiniteDuration = patience): Unit =
    if (!isLocal && conf.getBoolean("spark.dynamicAllocation.enabled", defaultValue = false)) {
      // Executors are asked for when tasks wait for them; the server's deadline covers those that do not come.
      for (most <- mostSlots(conf) if most < workers)
        refuse(need, workers, s"spark.dynamicAllocation.maxExecutors allows for $most task slots", most)
    } else {
      val deadline = patience.fromNow
      // Nobody tells when a slot falls free.
      while (total - running < workers && !(isLocal && total < workers) && deadline.hasTimeLeft())
        Thread.sleep(pollMillis)
      val (slots, taken) = (total, running)
      if (slots < workers) refuse(need, workers, s"there are $slots task slots", slots)
      if (slots - taken < workers)
        refuse(need, workers, s"other tasks run in $taken of the $slots task slots", slots - taken)
    }

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
    new TaskSlots(sc.getConf, PythonBridge.slots(sc), PythonBridge.runningTasks(sc))

  /** Who needs all workers at once, as the begin of a sentence, and what can be done without. */
  final case class Need(who: String, instead: String)

  def ofMode(mode: String): Need = Need(
    s"mode is '$mode', in which",
    "use mode 'hogwild' or 'locked', in which partitions may train one after the other"
  )

  def ofStopping(request: TrainRequest): Need = {
    val param =
      if (request.restoreBest) "restoreBest is true"
      else s"earlyStoppingPatience is ${request.earlyStoppingPatience}"
    Need(s"$param, for which", "leave it out")
  }

  // A task that is killed, of a fit that has just failed, say, may take some seconds to end; and Spark itself gives the
  // first executors so long to register (spark.scheduler.maxRegisteredResourcesWaitingTime).
  private val patience = 30.seconds
  private val pollMillis = 50L

  /** None where that can't be told. */
  private def mostSlots(conf: SparkConf): Option[Int] = for {
    executors <- conf.getOption("spark.dynamicAllocation.maxExecutors").flatMap(_.toIntOption)
    cores <- conf.getOption("spark.executor.cores").flatMap(_.toIntOption)
    slots = executors.toLong * (cores / conf.getInt("spark.task.cpus", 1))
  } yield math.min(slots, Int.MaxValue.toLong).toInt
}
