package org.apache.spark.sql.sparkflow

import org.apache.spark.sql.{Column, SparkSession}
import org.apache.spark.sql.catalyst.InternalRow
import org.apache.spark.sql.catalyst.expressions.{Expression, NamedExpression, UnaryExpression}
import org.apache.spark.sql.catalyst.expressions.codegen.{
  CodeGenerator,
  CodegenContext,
  ExprCode,
  FalseLiteral
}
import org.apache.spark.sql.catalyst.expressions.codegen.Block._
import org.apache.spark.sql.catalyst.util.ArrayBasedMapData
import org.apache.spark.sql.classic.{ColumnNodeToExpressionConverter, ExpressionUtils}
import org.apache.spark.sql.errors.QueryExecutionErrors
import org.apache.spark.sql.types.{DataType, Metadata, StructField}
import org.apache.spark.unsafe.types.UTF8String

/** A UDF without the conversions: the function gets a value as Spark keeps it, or null, and gives one, never null. */
final case class RowFunction(child: Expression, name: String, dataType: DataType, function: Any => Any)
    extends UnaryExpression {
  override def nullable: Boolean = false
  override def prettyName: String = name
  override def eval(input: InternalRow): Any = function(child.eval(input))

  // Called as a plain function, so that Spark's compiler need not find a class of ours.
  override protected def doGenCode(ctx: CodegenContext, ev: ExprCode): ExprCode = {
    val called = ctx.addReferenceObj("function", function, "scala.Function1")
    val in = child.genCode(ctx)
    val result = CodeGenerator.javaType(dataType)
    val (from, to) = (CodeGenerator.boxedType(child.dataType), CodeGenerator.boxedType(dataType))
    val code = code"""
      ${in.code}
      $result ${ev.value} = ($to) $called.apply(${in.isNull} ? null : ($from) ${in.value});"""
    ev.copy(code = code, isNull = FalseLiteral)
  }

  override protected def withNewChildInternal(newChild: Expression): RowFunction = copy(child = newChild)
}

object RowFunction {

  /** @param name what query plans show */
  def column(input: Column, name: String, result: DataType)(function: Any => Any): Column =
    ExpressionUtils.column(RowFunction(ExpressionUtils.expression(input), name, result, function))

  /** What Spark's own raise_error throws. */
  def raised(message: String): RuntimeException =
    QueryExecutionErrors.raiseError(
      UTF8String.fromString("USER_RAISED_EXCEPTION"),
      ArrayBasedMapData(
        Array[Any](UTF8String.fromString("errorMessage")),
        Array[Any](UTF8String.fromString(message))
      )
    )
}

/** A column of ours that SQL calls by name. */
object SqlFunction {

  /** Until the session ends or another function takes the name.
    *
    * @param make gets the arguments and what they are: of a column, with its name and its attributes
    */
  def register(session: SparkSession, name: String)(make: Seq[(Column, StructField)] => Column): Unit =
    PythonBridge
      .classic(session)
      .sessionState
      .functionRegistry
      .createOrReplaceTempFunction(
        name,
        arguments =>
          ColumnNodeToExpressionConverter(
            make(arguments.map(a => ExpressionUtils.column(a) -> field(a))).node
          ),
        "scala_udf"
      )

  private def field(argument: Expression): StructField = argument match {
    case named: NamedExpression => StructField(named.name, named.dataType, named.nullable, named.metadata)
    case other                  => StructField(other.sql, other.dataType, other.nullable, Metadata.empty)
  }
}
