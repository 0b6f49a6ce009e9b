package sparkflow.job

import java.nio.ByteOrder

import org.apache.spark.sql.catalyst.InternalRow
import org.apache.spark.sql.catalyst.expressions.{GenericInternalRow, UnsafeArrayData}
import org.apache.spark.sql.catalyst.util.ArrayData
import org.apache.spark.sql.types._
import org.apache.spark.unsafe.Platform

import sparkflow.job.Dtype.{Float32, Integers, Numbers}

/** Makes one packed value of what Spark itself keeps of a row: no object between them, one pass over the numbers.
  *
  * @param dtype   of the packed numbers
  * @param element type of those in arrays: float, double, long or decimal
  * @param refuse  called with a value that `dtype` does not hold
  * @param lends   whether what is made is only valid until the next row: a new array for each row is zeroed first, and
  *                passes through all of the processor's caches
  */
private[job] final class PackedRow(
    dtype: Numbers,
    element: DataType,
    refuse: Any => Nothing,
    lends: Boolean = false
) extends Serializable {
  import PackedRow._

  @transient private var lent: Array[Byte] = _

  private val bytes = dtype.bytes
  private val isFloat32 = dtype == Float32
  // Of whole numbers; of others, not looked at.
  private val (isWhole, min, max) = dtype match {
    case Integers(_, _, min, max) => (true, min, max)
    case _                        => (false, 0L, 0L)
  }

  /** Of an ML vector, the struct of VectorUDT: type (0 is sparse), size, indices, values. */
  def ofVector(vector: InternalRow): Array[Byte] = {
    val values = vector.getArray(3)
    if (vector.getByte(0) == 0) {
      val (out, indices) = (room(bytes * vector.getInt(1)), vector.getArray(2))
      if (lends) java.util.Arrays.fill(out, 0: Byte)
      var i = 0
      while (i < indices.numElements()) {
        put(out, indices.getInt(i), values.getDouble(i))
        i += 1
      }
      out
    } else {
      val out = room(bytes * values.numElements())
      doubles(values, out, 0)
      out
    }
  }

  /** Of an ML vector, what is not 0 of it: the values, and then their indices as int32. */
  def ofSparse(vector: InternalRow): Array[Byte] = {
    val values = vector.getArray(3)
    val (isSparse, size) = (vector.getByte(0) == 0, values.numElements())
    val indices = if (isSparse) vector.getArray(2) else null
    def kept(i: Int) = isSparse || values.getDouble(i) != 0
    val count = if (isSparse) size else (0 until size).count(kept)
    val out = new Array[Byte]((bytes + 4) * count)
    val end = bytes / 4 * count // of the values, in steps of 4 bytes
    var (i, at) = (0, 0)
    while (i < size) {
      if (kept(i)) {
        put(out, at, values.getDouble(i))
        putBits(out, 4, end + at, if (isSparse) indices.getInt(i) else i)
        at += 1
      }
      i += 1
    }
    out
  }

  /** Of an array; null if an element is null. */
  def ofArray(array: ArrayData): Array[Byte] =
    if (hasNull(array)) null
    else {
      val out = room(bytes * array.numElements())
      numbers(array, out, 0)
      out
    }

  /** Of arrays of arrays, in C order; null if an element on any level is null.
    *
    * @param shape what `shapeOf` says
    * @param wrong called with the sizes of two arrays of the same level that differ
    */
  def ofArrays(array: ArrayData, shape: Seq[Int], wrong: (Int, Int) => Nothing): Array[Byte] = {
    val out = room(Math.toIntExact(shape.map(_.toLong).product * bytes))
    var at = 0
    def fill(array: ArrayData, level: Int): Boolean = {
      val count = array.numElements()
      if (count != shape(level)) wrong(shape(level), count)
      !hasNull(array) && (if (level == shape.size - 1) {
                            numbers(array, out, at)
                            at += count
                            true
                          } else (0 until count).forall(i => fill(array.getArray(i), level + 1)))
    }
    if (fill(array, 0)) out else null
  }

  /** Of bytes without a sign. */
  def ofBytes(data: Array[Byte]): Array[Byte] =
    if (dtype.name == "uint8") data
    else {
      val out = room(Math.multiplyExact(bytes, data.length))
      var i = 0
      while (i < data.length) { put(out, i, (data(i) & 0xff).toLong); i += 1 }
      out
    }

  private def room(size: Int): Array[Byte] =
    if (!lends) new Array[Byte](size)
    else {
      if (lent == null || lent.length != size) lent = new Array[Byte](size)
      lent
    }

  private def numbers(array: ArrayData, out: Array[Byte], from: Int): Unit = {
    val count = array.numElements()
    var i = 0
    element match {
      case FloatType if isFloat32 =>
        while (i < count) { putFloat(out, from + i, array.getFloat(i)); i += 1 }
      case FloatType => while (i < count) { put(out, from + i, array.getFloat(i).toDouble); i += 1 }
      case LongType  => while (i < count) { put(out, from + i, array.getLong(i)); i += 1 }
      case decimal: DecimalType =>
        while (i < count) {
          val value = array.getDecimal(i, decimal.precision, decimal.scale).toJavaBigDecimal
          try put(out, from + i, value.longValueExact)
          catch { case _: ArithmeticException => refuse(value) }
          i += 1
        }
      case _ => doubles(array, out, from)
    }
  }

  private def doubles(array: ArrayData, out: Array[Byte], from: Int): Unit = {
    val count = array.numElements()
    var i = array match {
      case values: UnsafeArrayData if isFloat32 && little => fours(values, out, from)
      case _                                              => 0
    }
    while (i < count) { put(out, from + i, array.getDouble(i)); i += 1 }
  }

  private def put(out: Array[Byte], i: Int, value: Double): Unit =
    if (isFloat32) putFloat(out, i, value.toFloat)
    else if (isWhole) {
      val whole = value.toLong
      // The largest long is no double: what is above it comes to it.
      if (whole.toDouble != value || whole == Long.MaxValue) refuse(value)
      put(out, i, whole)
    } else putBits(out, 8, i, java.lang.Double.doubleToRawLongBits(value))

  private def put(out: Array[Byte], i: Int, value: Long): Unit =
    if (isWhole) {
      if (value < min || value > max) refuse(value)
      putBits(out, bytes, i, value)
    } else put(out, i, value.toDouble)
}

private[job] object PackedRow {

  /** Of arrays of arrays: the sizes of the first array of each level, the outermost first; null for one below a null or
    * an empty array.
    */
  def shapeOf(array: ArrayData, levels: Int): Seq[Int] =
    array.numElements() +: (if (levels == 1) Nil
                            else if (array.numElements() == 0 || array.isNullAt(0))
                              Seq.fill(levels - 1)(0)
                            else shapeOf(array.getArray(0), levels - 1))

  /** Values of an ML vector, with its zeros. */
  def sizeOf(vector: InternalRow): Int =
    if (vector.getByte(0) == 0) vector.getInt(1) else vector.getArray(3).numElements()

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

  /** The numbers as float32, but the last up to three, at a speed of 3 a nanosecond instead of 1.7: four conversions do
    * not wait for each other, and the array's place is looked up once.
    *
    * @return how many those are
    */
  private def fours(values: UnsafeArrayData, out: Array[Byte], from: Int): Int = {
    val (count, base) = (values.numElements, values.getBaseObject)
    val in = values.getBaseOffset + UnsafeArrayData.calculateHeaderPortionInBytes(count)
    val to = Platform.BYTE_ARRAY_OFFSET + 4L * from
    var i = 0
    while (i + 4 <= count) {
      val a = Platform.getDouble(base, in + 8L * i).toFloat
      val b = Platform.getDouble(base, in + 8L * i + 8).toFloat
      val c = Platform.getDouble(base, in + 8L * i + 16).toFloat
      val d = Platform.getDouble(base, in + 8L * i + 24).toFloat
      Platform.putFloat(out, to + 4L * i, a)
      Platform.putFloat(out, to + 4L * i + 4, b)
      Platform.putFloat(out, to + 4L * i + 8, c)
      Platform.putFloat(out, to + 4L * i + 12, d)
      i += 4
    }
    i
  }

  private def putFloat(out: Array[Byte], i: Int, value: Float): Unit =
    if (little) Platform.putFloat(out, Platform.BYTE_ARRAY_OFFSET + 4L * i, value)
    else {
      val bits = java.lang.Float.floatToRawIntBits(value)
      Platform.putInt(out, Platform.BYTE_ARRAY_OFFSET + 4L * i, Integer.reverseBytes(bits))
    }

  /** The lowest `bytes` of the bits. */
  private def putBits(out: Array[Byte], bytes: Int, i: Int, bits: Long): Unit = {
    val at = Platform.BYTE_ARRAY_OFFSET + bytes.toLong * i
    val ordered = if (little) bits else java.lang.Long.reverseBytes(bits) >>> (64 - 8 * bytes)
    bytes match {
      case 8 => Platform.putLong(out, at, ordered)
      case 4 => Platform.putInt(out, at, ordered.toInt)
      case 2 => Platform.putShort(out, at, ordered.toShort)
      case 1 => Platform.putByte(out, at, ordered.toByte)
    }
  }

  private def hasNull(array: ArrayData): Boolean = {
    var i = 0
    while (i < array.numElements() && !array.isNullAt(i)) i += 1
    i < array.numElements()
  }

  private val little = ByteOrder.nativeOrder == ByteOrder.LITTLE_ENDIAN
}
