package org.apache.spark.sql.sparkflow

import scala.jdk.CollectionConverters._

import org.apache.spark.TaskContext
import org.apache.spark.api.python.SimplePythonFunction
import org.apache.spark.sql.{Column, SparkSession}
import org.apache.spark.sql.catalyst.expressions.{
  Expression,
  NamedArgumentExpression,
  NamedExpression,
  PythonUDF
}
import org.apache.spark.sql.catalyst.util.ArrayBasedMapData
import org.apache.spark.sql.classic.{ColumnNodeToExpressionConverter, ExpressionUtils}
import org.apache.spark.sql.errors.QueryExecutionErrors
import org.apache.spark.sql.internal.SQLConf
import org.apache.spark.sql.types.{Metadata, StructField}
import org.apache.spark.unsafe.types.UTF8String

/** A Python function of ours, which query plans can tell from others. Spark hands it to its workers as the command's bytes.
  *
  * @param batch rows that it likes to be given at a time, if it is called with columns; else as many as Spark will
  */
final class OwnFunction(
    command: Array[Byte],
    includes: Seq[String],
    executable: String,
    version: String,
    broadcasts: Seq[PythonBridge.BroadcastFile],
    val batch: Option[Int]
) extends SimplePythonFunction(
      command.toIndexedSeq,
      new java.util.HashMap[String, String], // Spark adds to it
      includes.asJava,
      executable,
      version,
      broadcasts.map(_.underlying).asJava,
      null // no accumulators
    )

/** What a function of ours is called with.
  *
  * @param name  where the call says whose it is, as in `f(name => value)`
  * @param field what it is: of a column, with its name and its attributes
  */
final case class Argument(name: Option[String], column: Column, field: StructField)

/** Functions of ours in Spark's queries: the private parts of Spark that take them; no logic. */
object Functions {
  def of(expression: Expression): Column = ExpressionUtils.column(expression)
  def expression(column: Column): Expression = ExpressionUtils.expression(column)

  /** What Spark's own raise_error throws. */
  def raised(message: String): RuntimeException =
    QueryExecutionErrors.raiseError(
      UTF8String.fromString("USER_RAISED_EXCEPTION"),
      ArrayBasedMapData(
        Array[Any](UTF8String.fromString("errorMessage")),
        Array[Any](UTF8String.fromString(message))
      )
    )

  /** Makes a column of ours one that SQL calls by name, until the session ends or another function takes the name.
    *
    * @param make gets the arguments
    */
  def register(session: SparkSession, name: String)(make: Seq[Argument] => Column): Unit =
    PythonBridge
      .classic(session)
      .sessionState
      .functionRegistry
      .createOrReplaceTempFunction(
        name,
        arguments =>
          ColumnNodeToExpressionConverter(make(arguments.map {
            case NamedArgumentExpression(key, value) => argument(Some(key), value)
            case value                               => argument(None, value)
          }).node),
        "scala_udf"
      )

  private def argument(name: Option[String], value: Expression) =
    Argument(name, ExpressionUtils.column(value), field(value))

  private def field(argument: Expression): StructField = argument match {
    case named: NamedExpression => StructField(named.name, named.dataType, named.nullable, named.metadata)
    case other                  => StructField(other.sql, other.dataType, other.nullable, Metadata.empty)
  }

  /** What each likes to be given at a time; None unless all are ours. */
  def batches(udfs: Seq[PythonUDF]): Option[Seq[Option[Int]]] = {
    val ours = udfs.map(_.func).collect { case ours: OwnFunction => ours.batch }
    Option.when(ours.size == udfs.size)(ours)
  }

  /** Runs `make` in a task whose setting of rows in an Arrow batch is `rows` or less: the sender reads it when it is made.
    * The task's own settings are not changed: in local mode others share them, and send them to Python meanwhile.
    */
  def withBatches[A](rows: Int)(make: => A): A = {
    val conf = new SQLConf
    TaskContext
      .get()
      .getLocalProperties
      .forEach((key, value) => conf.settings.put(key.toString, value.toString))
    val most = Some(conf.arrowMaxRecordsPerBatch).filter(_ > 0).getOrElse(rows)
    conf.setConf(SQLConf.ARROW_EXECUTION_MAX_RECORDS_PER_BATCH, rows.min(most))
    SQLConf.withExistingConf(conf)(make)
  }
}
