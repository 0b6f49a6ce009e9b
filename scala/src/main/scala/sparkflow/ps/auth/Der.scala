package sparkflow.ps.auth

import java.math.BigInteger
import java.nio.charset.StandardCharsets.{US_ASCII, UTF_8}

/** The parts of ASN.1's distinguished encoding (ITU-T X.690) that a certificate is made of. */
private[auth] object Der {
  def sequence(parts: Array[Byte]*): Array[Byte] = tagged(0x30, parts.toArray.flatten)
  def set(parts: Array[Byte]*): Array[Byte] = tagged(0x31, parts.toArray.flatten)

  /** An element in the place that a number names, as in `[0] EXPLICIT`. */
  def explicit(number: Int, part: Array[Byte]): Array[Byte] = tagged(0xa0 | number, part)

  def yes: Array[Byte] = tagged(0x01, Array(0xff.toByte))
  def integer(value: BigInteger): Array[Byte] = tagged(0x02, value.toByteArray)
  def bits(bytes: Array[Byte]): Array[Byte] =
    tagged(0x03, 0.toByte +: bytes) // no bit of the last byte is unused
  def octets(bytes: Array[Byte]): Array[Byte] = tagged(0x04, bytes)
  def utf8(text: String): Array[Byte] = tagged(0x0c, text.getBytes(UTF_8))
  def utcTime(text: String): Array[Byte] = tagged(0x17, text.getBytes(US_ASCII))
  def generalizedTime(text: String): Array[Byte] = tagged(0x18, text.getBytes(US_ASCII))

  /** An object identifier, such as 2.5.4.3. */
  def oid(first: Int, second: Int, rest: Int*): Array[Byte] =
    tagged(0x06, ((40 * first + second) +: rest).toArray.flatMap(base128))

  // Seven bits a byte, the highest first; all bytes but the last have the eighth bit set.
  private def base128(number: Int): Array[Byte] = {
    val digits = Iterator.iterate(number)(_ >>> 7).takeWhile(_ > 0).map(_ & 0x7f).toArray
    if (digits.isEmpty) Array(0.toByte)
    else digits.zipWithIndex.map { case (d, i) => (if (i == 0) d else d | 0x80).toByte }.reverse
  }

  private def tagged(tag: Int, content: Array[Byte]): Array[Byte] =
    (tag.toByte +: length(content.length)) ++ content

  private def length(n: Int): Array[Byte] =
    if (n < 0x80) Array(n.toByte)
    else {
      val bytes = BigInteger.valueOf(n.toLong).toByteArray.dropWhile(_ == 0)
      (0x80 | bytes.length).toByte +: bytes
    }
}
