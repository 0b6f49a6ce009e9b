package sparkflow.ps.store

import java.io.{ByteArrayInputStream, ByteArrayOutputStream, EOFException}

import org.scalatest.funsuite.AnyFunSuite

class FloatsTest extends AnyFunSuite {

  private def bits(values: Array[Float]): Seq[Int] = values.toSeq.map(java.lang.Float.floatToRawIntBits)

  test("bytes are little-endian IEEE 754, with every bit of a NaN kept") {
    val values = Array(1f, -2.5f, java.lang.Float.intBitsToFloat(0x7fc01234), Float.MinPositiveValue)
    val bytes = Floats.toBytes(values, 0, 4)
    assert(bytes.take(4).toSeq == Seq[Byte](0, 0, 0x80.toByte, 0x3f))
    assert(bytes.slice(8, 12).toSeq == Seq[Byte](0x34, 0x12, 0xc0.toByte, 0x7f))
    assert(bits(Floats.fromBytes(bytes)) == bits(values))
  }

  // The chunk is 1 MiB, 262,144 floats.
  for (length <- Seq(0, 1, 262143, 262144, 262145, 700001))
    test(s"$length floats go through a stream") {
      val values = Array.tabulate(length)(i => i * 0.5f - 1000)
      val out = new ByteArrayOutputStream
      Floats.write(values, out)
      assert(out.toByteArray.sameElements(Floats.toBytes(values, 0, length)))
      val back = new Array[Float](length)
      Floats.read(new ByteArrayInputStream(out.toByteArray), back)
      assert(back.sameElements(values))
    }

  test("a stream that ends early is an error, not zeros") {
    intercept[EOFException](Floats.read(new ByteArrayInputStream(new Array[Byte](7)), new Array[Float](2)))
  }
}
