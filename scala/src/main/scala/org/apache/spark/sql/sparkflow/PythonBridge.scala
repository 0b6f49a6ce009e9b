package org.apache.spark.sql.sparkflow

import java.io.{File, OutputStream}
import java.lang.ref.Cleaner

import org.apache.spark.{JobArtifactSet, SparkContext}
import org.apache.spark.api.python.PythonBroadcast
import org.apache.spark.broadcast.Broadcast
import org.apache.spark.scheduler.TaskSchedulerImpl
import org.apache.spark.sql.{Column, DataFrame, SparkSession}
import org.apache.spark.sql.catalyst.expressions.{Expression, PythonUDF}
import org.apache.spark.sql.classic.{
  Dataset => ClassicDataset,
  ExpressionUtils,
  SparkSession => ClassicSession
}
import org.apache.spark.sql.types.{DataType, StructType}

/** The private parts of Spark that start a Python worker from the JVM, and tell whether there is room for one; no logic
  * of ours. Each call has the same signature in Spark 4.1 to 4.3.
  */
object PythonBridge {

  final class BroadcastFile private[PythonBridge] (
      private[sparkflow] val underlying: Broadcast[PythonBroadcast]
  ) {
    def id: Long = underlying.id
    def destroy(): Unit = underlying.destroy()
  }

  /** Adds a file where the tasks of this session's queries look for theirs: Spark keeps the files of sessions apart
    * (spark.sql.artifact.isolation.enabled), and SparkContext.addFile alone reaches none of them.
    */
  def addFile(session: SparkSession, path: String): Unit =
    withFiles(session)(session.sparkContext.addFile(path))

  /** Writes to a file as `broadcastFile` takes it: encrypted, if Spark encrypts its own files. */
  def encrypted(sc: SparkContext, file: OutputStream): OutputStream =
    sc.env.serializerManager.wrapForEncryption(file)

  /** Sends a file of one pickled value to the workers that ask for it; deletes it when the broadcast is unreachable. */
  def broadcastFile(sc: SparkContext, path: String): BroadcastFile = {
    val broadcast = sc.broadcast(new PythonBroadcast(path))
    cleaner.register(broadcast, () => new File(path).delete())
    new BroadcastFile(broadcast)
  }

  /** The function over all of a partition: an iterator of Arrow record batches in, another out. */
  def mapInArrow(data: DataFrame, function: OwnFunction, name: String, result: StructType): DataFrame =
    data match {
      case data: ClassicDataset[_] =>
        val children = data.queryExecution.analyzed.output
        data.mapInArrow(column(name, function, result, children, mapArrowIter), isBarrier = false)
      case other => throw connect(other)
    }

  /** Partitions of what the query will run, which is planned by this: its tasks are told then which files are theirs. */
  def partitions(data: DataFrame): Int =
    withFiles(data.sparkSession)(data.queryExecution.toRdd.getNumPartitions)

  /** The function over columns: an iterator of Arrow arrays (tuples of several) in, one of as many values out; lazy. */
  def arrowColumn(inputs: Seq[Column], function: OwnFunction, name: String, result: DataType): Column =
    column(name, function, result, inputs.map(ExpressionUtils.expression), scalarArrowIter)

  /** Tasks that can run at once on the executors that there are now. */
  def slots(sc: SparkContext): Int =
    sc.maxNumConcurrentTasks(sc.resourceProfileManager.defaultResourceProfile)

  /** Tasks that run now, those that are being killed included. */
  def runningTasks(sc: SparkContext): Int = sc.taskScheduler match {
    case scheduler: TaskSchedulerImpl => scheduler.runningTasksByExecutors.values.sum
    case _                            => 0
  }

  def classic(session: SparkSession): ClassicSession = session match {
    case session: ClassicSession => session
    case other                   => throw connect(other)
  }

  private def withFiles[A](session: SparkSession)(action: => A): A =
    JobArtifactSet.withActiveJobArtifactState(classic(session).artifactManager.state)(action)

  private def connect(what: AnyRef) = new UnsupportedOperationException(
    s"SparkFlow needs a session on the driver itself, not ${what.getClass.getName}: Spark Connect is not supported"
  )

  private def column(
      name: String,
      function: OwnFunction,
      result: DataType,
      children: Seq[Expression],
      evalType: Int
  ): Column =
    ExpressionUtils.column(
      PythonUDF(name, function, result, children, evalType, udfDeterministic = true)
    )

  private val cleaner = Cleaner.create()
  private val mapArrowIter = 207 // of org.apache.spark.api.python.PythonEvalType
  private val scalarArrowIter = 251
}
