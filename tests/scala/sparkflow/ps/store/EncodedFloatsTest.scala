package sparkflow.ps.store

import java.nio.{ByteBuffer, ByteOrder}

import org.scalatest.funsuite.AnyFunSuite

class EncodedFloatsTest extends AnyFunSuite {

  private def buffer(bytes: Int): ByteBuffer =
    ByteBuffer.allocateDirect(bytes).order(ByteOrder.LITTLE_ENDIAN)

  private def range(source: FloatSource, from: Int, count: Int): Seq[Float] = {
    val into = Array.fill(count + 2)(-9f)
    source.get(from, into, 1, count)
    assert(into.head === -9f && into.last === -9f, "nothing is written beside the range")
    into.tail.init.toSeq
  }

  private def bf16(values: Float*): Seq[Float] = {
    val vector = new NativeBf16(Seq(buffer(2 * values.length)))
    vector.put(0, values.toArray, 0, values.length)
    range(vector, 0, values.length)
  }

  test("bf16 rounds to the nearest, ties to even") {
    assert(
      bf16(1f, 1.00390625f, 1.01171875f, 1.0039064f, -1.01171875f, java.lang.Float.MIN_VALUE) ===
        Seq(1f, 1f, 1.015625f, 1.0078125f, -1.015625f, 0f)
    )
    assert(bf16(-0f).map(java.lang.Float.floatToRawIntBits) === Seq(0x80000000))
  }

  test("bf16 keeps NaN and infinity, whatever the NaN's bits") {
    assert(bf16(Float.PositiveInfinity, Float.NegativeInfinity).map(_.isInfinite) === Seq(true, true))
    val odd = Seq(0x7fffffff, 0xffffffff, 0x7f800001, 0xffc00000).map(b => java.lang.Float.intBitsToFloat(b))
    assert(bf16(odd: _*).forall(_.isNaN))
  }

  test("bf16 is read and written at any place") {
    val vector = new NativeBf16(Seq(buffer(10)))
    vector.put(1, Array(9f, 1f, 2f, 3f), 1, 2)
    assert(range(vector, 0, 5) === Seq(0f, 1f, 2f, 0f, 0f))
    assert(range(vector, 2, 1) === Seq(2f))
  }

  test("int8 is a byte times its block's scale") {
    val length = 2 * NativeInt8.blockLength + 3
    val sizes = NativeInt8.pieceBytes(length)
    assert(sizes === Seq(12, length))
    val (scales, values) = (buffer(12), buffer(length))
    scales.putFloat(0.5f).putFloat(2f).putFloat(Float.NaN).flip()
    (0 until length).foreach(i => values.put(i, (i % 255 - 127).toByte))
    val vector = new NativeInt8(scales, values)
    val expected = (0 until 2 * NativeInt8.blockLength).map(i =>
      (if (i < NativeInt8.blockLength) 0.5f else 2f) * (i % 255 - 127)
    )
    assert(range(vector, 0, expected.length) === expected)
    assert(range(vector, 1000, 100) === expected.slice(1000, 1100))
    assert(range(vector, length - 3, 3).forall(_.isNaN))
  }

  test("int8 of an infinite scale has no number in it") {
    val scales = buffer(4).putFloat(Float.PositiveInfinity).flip()
    assert(range(new NativeInt8(scales, buffer(4)), 0, 4).forall(_.isNaN))
  }

  private def top(length: Int)(values: (Int, Float)*) = {
    val (at, to) = (buffer(4 * values.length), buffer(4 * values.length))
    values.foreach { case (index, value) => at.putInt(index); to.putFloat(value) }
    new NativeTopK(length, at.flip(), to.flip())
  }

  test("topk is zero but for the values that are given") {
    val vector = top(1000)(0 -> 1f, 7 -> Float.NaN, 500 -> -2f, 999 -> 3f)
    val all = range(vector, 0, 1000)
    assert(all.zipWithIndex.collect {
      case (v, i) if v != 0 && !v.isNaN => i -> v
    } === Seq(0 -> 1f, 500 -> -2f, 999 -> 3f))
    assert(all(7).isNaN)
    assert(range(vector, 1, 6) === Seq.fill(6)(0f))
    assert(range(vector, 500, 500) === (-2f +: Seq.fill(498)(0f)) :+ 3f)
    assert(range(vector, 501, 498) === Seq.fill(498)(0f))
  }

  test("topk gives 5 %, rounded up") {
    assert(Seq(0, 1, 20, 21, Int.MaxValue - 8).map(NativeTopK.share) === Seq(0, 1, 1, 2, 107374182))
    assert(NativeTopK.pieceBytes(21) === Seq(8, 8))
  }

  Seq(
    "negative" -> Seq(-1, 2),
    "beyond the end" -> Seq(2, 1000),
    "not ascending" -> Seq(5, 4),
    "twice the same" -> Seq(5, 5)
  ).foreach { case (what, indices) =>
    test(s"topk indices that are $what are refused") {
      val thrown = intercept[IllegalArgumentException](top(1000)(indices.map(_ -> 1f): _*))
      assert(thrown.getMessage.contains("ascend"))
    }
  }
}
