package sparkflow.job

import org.apache.spark.sql.Column
import org.apache.spark.sql.catalyst.InternalRow
import org.apache.spark.sql.catalyst.expressions.{Expression, UnaryExpression}
import org.apache.spark.sql.catalyst.expressions.codegen.{
  CodeGenerator,
  CodegenContext,
  ExprCode,
  FalseLiteral
}
import org.apache.spark.sql.catalyst.expressions.codegen.Block._
import org.apache.spark.sql.sparkflow.Functions
import org.apache.spark.sql.types.DataType

/** A UDF without the conversions: the function gets a value as Spark keeps it, or null, and gives one, never null. */
private[job] final case class RowFunction(
    child: Expression,
    name: String,
    dataType: DataType,
    function: Any => Any
) extends UnaryExpression {
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

private[job] object RowFunction {

  /** @param name what query plans show */
  def column(input: Column, name: String, result: DataType)(function: Any => Any): Column =
    Functions.of(RowFunction(Functions.expression(input), name, result, function))
}
