package org.apache.spark.sparkflow

import org.apache.spark.SparkContext
import org.apache.spark.scheduler.TaskSchedulerImpl

/** What Spark's scheduler knows of task slots; no logic of ours. The same in Spark 4.1 to 4.3. */
object SlotCounts {

  /** Tasks that can run at once on the executors that there are now. */
  def total(sc: SparkContext): Int =
    sc.maxNumConcurrentTasks(sc.resourceProfileManager.defaultResourceProfile)

  /** Tasks that run now, those that are being killed included. */
  def running(sc: SparkContext): Int = sc.taskScheduler match {
    case scheduler: TaskSchedulerImpl => scheduler.runningTasksByExecutors.values.sum
    case _                            => 0
  }
}
