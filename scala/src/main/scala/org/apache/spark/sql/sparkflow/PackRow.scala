package org.apache.spark.sql.sparkflow

import java.nio.{ByteBuffer, ByteOrder}

import org.apache.spark.sql.Column
import org.apache.spark.sql.catalyst.InternalRow
import org.apache.spark.sql.catalyst.expressions.{Expression, UnaryExpression}
import org.apache.spark.sql.catalyst.expressions.codegen.{CodegenContext, ExprCode, FalseLiteral}
import org.apache.spark.sql.catalyst.expressions.codegen.Block._
import org.apache.spark.sql.catalyst.util.{ArrayBasedMapData, ArrayData}
import org.apache.spark.sql.classic.ExpressionUtils
import org.apache.spark.sql.errors.QueryExecutionErrors
import org.apache.spark.sql.types.{BinaryType, DataType}
import org.apache.spark.unsafe.types.UTF8String

/** A row's numbers as little-endian float32, back to back, read where Spark keeps them: no object is made of the row.
  *
  * @param child   an ML vector, or an array of float or double
  * @param pack    reads it
  * @param ifNull  what the job fails with where the row, or an element of it, is null
  */
final case class PackRow(child: Expression, pack: PackRow.Pack, ifNull: String) extends UnaryExpression {
  override def dataType: DataType = BinaryType
  override def nullable: Boolean = false
  override def prettyName: String = "sparkflow_pack"

  override def eval(input: InternalRow): Any = packed(child.eval(input))

  // Calls `packed` as a plain function, so that Spark's compiler need not find a class of ours.
  override protected def doGenCode(ctx: CodegenContext, ev: ExprCode): ExprCode = {
    val function =
      ctx.addReferenceObj("sparkflowPack", packed _: (Any => Array[Byte]), "scala.Function1")
    val in = child.genCode(ctx)
    val code =
      code"""
        ${in.code}
        byte[] ${ev.value} = (byte[]) $function.apply(${in.isNull} ? null : ${in.value});"""
    ev.copy(code = code, isNull = FalseLiteral)
  }

  private def packed(value: Any): Array[Byte] = {
    val bytes = if (value == null) null else pack(value)
    if (bytes == null) throw PackRow.raised(ifNull)
    bytes
  }

  override protected def withNewChildInternal(newChild: Expression): PackRow = copy(child = newChild)
}

object PackRow {

  /** Packs a value of Spark's own making; null if an element is null. */
  type Pack = Any => Array[Byte]

  def column(input: Column, pack: Pack, ifNull: String): Column =
    ExpressionUtils.column(PackRow(ExpressionUtils.expression(input), pack, ifNull))

  // The struct of org.apache.spark.ml.linalg.VectorUDT: type (0 is sparse), size, indices, values.
  val vector: Pack = value => {
    val row = value.asInstanceOf[InternalRow]
    val values = row.getArray(3)
    if (row.getByte(0) == 0) {
      val (out, indices) = (buffer(row.getInt(1)), row.getArray(2))
      var i = 0
      while (i < indices.numElements()) {
        out.putFloat(4 * indices.getInt(i), values.getDouble(i).toFloat)
        i += 1
      }
      out.array()
    } else doubles(values)
  }

  val floatArray: Pack = value => {
    val array = value.asInstanceOf[ArrayData]
    if (hasNull(array)) null
    else {
      val out = buffer(array.numElements())
      out.asFloatBuffer().put(array.toFloatArray())
      out.array()
    }
  }

  val doubleArray: Pack = value => {
    val array = value.asInstanceOf[ArrayData]
    if (hasNull(array)) null else doubles(array)
  }

  // What raise_error raises, so that the message is found the same way.
  private def raised(message: String): RuntimeException =
    QueryExecutionErrors.raiseError(
      UTF8String.fromString("USER_RAISED_EXCEPTION"),
      ArrayBasedMapData(
        Array[Any](UTF8String.fromString("errorMessage")),
        Array[Any](UTF8String.fromString(message))
      )
    )

  private def doubles(array: ArrayData): Array[Byte] = {
    val values = array.toDoubleArray()
    val out = buffer(values.length)
    var i = 0
    while (i < values.length) { out.putFloat(4 * i, values(i).toFloat); i += 1 }
    out.array()
  }

  private def hasNull(array: ArrayData): Boolean = {
    var i = 0
    while (i < array.numElements() && !array.isNullAt(i)) i += 1
    i < array.numElements()
  }

  private def buffer(floats: Int): ByteBuffer = ByteBuffer.allocate(4 * floats).order(ByteOrder.LITTLE_ENDIAN)
}
