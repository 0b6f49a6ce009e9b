package sparkflow.job

import org.apache.spark.sql.Column
import org.apache.spark.sql.catalyst.InternalRow
import org.apache.spark.sql.catalyst.expressions.{Cast, Expression, UnaryExpression}
import org.apache.spark.sql.catalyst.expressions.codegen.{
  CodeGenerator,
  CodegenContext,
  ExprCode,
  FalseLiteral
}
import org.apache.spark.sql.catalyst.expressions.codegen.Block._
import org.apache.spark.sql.sparkflow.Functions
import org.apache.spark.sql.types.DataType

/** A UDF without the conversions: the function gets a value as Spark keeps it, or null, and gives one, never null.
  *
  * Spark computes once what a query asks for twice, if the two are equal: so the function is a case class.
  */
private[job] final case class RowFunction(
    child: Expression,
    dataType: DataType,
    function: RowFunction.Body
) extends UnaryExpression {
  override def nullable: Boolean = false
  override def eval(input: InternalRow): Any = function(child.eval(input))

  // Plans, and Spark's names for columns that have none, show what the user wrote.
  override def toString: String = child.toString
  override def sql: String = child.sql

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

  /** A case class of all that its result depends on. */
  trait Body extends (Any => Any) with Product with Serializable {

    /** The same for one caller who is done with a result before it asks for the next: that may be in the same place. */
    def lending: Body = this
  }

  /** Of an expression of which the caller is done with each value before it asks for the next. */
  def lending(expression: Expression): Expression = expression match {
    case function: RowFunction => function.copy(function = function.function.lending)
    case other                 => other
  }

  def column(input: Column, result: DataType, function: Body): Column =
    Functions.of(RowFunction(Functions.expression(input), result, function))

  /** The column as another type; like the functions, not shown in names. */
  def cast(column: Column, from: DataType, to: DataType): Column =
    if (from == to) column else Functions.of(Cast(Functions.expression(column), to))
}
