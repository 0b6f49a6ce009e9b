package sparkflow.job

import java.nio.ByteOrder

import org.apache.spark.sql.catalyst.InternalRow
import org.apache.spark.sql.catalyst.expressions.{GenericInternalRow, UnsafeArrayData}
import org.apache.spark.sql.catalyst.util.ArrayData
import org.apache.spark.unsafe.Platform

/** One packed value, made from what Spark itself keeps of a row: no object between them, one pass over the numbers. */
private[job] object PackedRow {

  /** Of an ML vector, the struct of VectorUDT: type (0 is sparse), size, indices, values. */
  def ofVector(vector: InternalRow): Array[Byte] = {
    val values = vector.getArray(3)
    if (vector.getByte(0) == 0) {
      val (out, indices) = (new Array[Byte](4 * vector.getInt(1)), vector.getArray(2))
      var i = 0
      while (i < indices.numElements()) {
        put(out, indices.getInt(i), values.getDouble(i).toFloat)
        i += 1
      }
      out
    } else doubles(values)
  }

  /** Of an array of double; null if an element is null. */
  def ofDoubles(array: ArrayData): Array[Byte] = if (hasNull(array)) null else doubles(array)

  /** Of an array of float; null if an element is null. */
  def ofFloats(array: ArrayData): Array[Byte] =
    if (hasNull(array)) null
    else {
      val out = new Array[Byte](4 * array.numElements())
      var i = 0
      while (i < array.numElements()) { put(out, i, array.getFloat(i)); i += 1 }
      out
    }

  /** The struct of a dense ML vector, of little-endian float64. */
  def toVector(bytes: Array[Byte]): InternalRow = {
    val values = new Array[Double](bytes.length / 8)
    var i = 0
    while (i < values.length) {
      val bits = Platform.getLong(bytes, Platform.BYTE_ARRAY_OFFSET + 8L * i)
      values(i) = java.lang.Double.longBitsToDouble(if (little) bits else java.lang.Long.reverseBytes(bits))
      i += 1
    }
    vectorOf(values)
  }

  /** The struct of a dense ML vector. */
  def vectorOf(values: Array[Double]): InternalRow =
    new GenericInternalRow(Array[Any](1.toByte, null, null, UnsafeArrayData.fromPrimitiveArray(values)))

  private def doubles(array: ArrayData): Array[Byte] = {
    val count = array.numElements()
    val out = new Array[Byte](4 * count)
    var i = 0
    while (i < count) { put(out, i, array.getDouble(i).toFloat); i += 1 }
    out
  }

  private def put(out: Array[Byte], i: Int, value: Float): Unit =
    if (little) Platform.putFloat(out, Platform.BYTE_ARRAY_OFFSET + 4L * i, value)
    else {
      val bits = java.lang.Float.floatToRawIntBits(value)
      Platform.putInt(out, Platform.BYTE_ARRAY_OFFSET + 4L * i, Integer.reverseBytes(bits))
    }

  private def hasNull(array: ArrayData): Boolean = {
    var i = 0
    while (i < array.numElements() && !array.isNullAt(i)) i += 1
    i < array.numElements()
  }

  private val little = ByteOrder.nativeOrder == ByteOrder.LITTLE_ENDIAN
}
