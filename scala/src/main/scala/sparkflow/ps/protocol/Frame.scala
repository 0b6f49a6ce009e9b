package sparkflow.ps.protocol

import java.nio.{ByteBuffer, ByteOrder}

/** A message with the raw values that came with it.
  *
  * @param body the buffers that the [[Admission]] gave, filled from their positions on; they may be used again for the
  *   next frame of the connection, so they belong to the receiver only until it has answered
  */
final case class Frame(message: Message, body: Seq[ByteBuffer])

/** The fixed part of a frame; lengths in bytes. */
final case class Header(tag: Int, metaLength: Int, bodyLength: Long) {
  def length: Long = Header.length + metaLength + bodyLength
}

object Header {
  val length = 24
  val version = 1

  /** Longest meta after the handshake, in bytes: a layout of tens of thousands of variables. */
  val maxMeta: Int = 16 << 20

  // "SPKF" read as a little-endian integer.
  private val magic = 0x464b5053

  /** Reads 24 bytes.
    *
    * @throws Refused for a wrong magic or version, non-zero reserved bytes, or lengths that cannot be
    */
  def read(bytes: Array[Byte]): Header = {
    val in = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN)
    if (in.getInt() != magic) malformed("the magic is not 'SPKF': the peer is no SparkFlow worker")
    val peer = in.get()
    if (peer != version) malformed(s"protocol version $peer, this side speaks $version")
    val tag = in.get() & 0xff
    if (in.getShort() != 0) malformed("bytes 6 and 7 of the header are not zero")
    val metaLength = in.getInt()
    if (in.getInt() != 0) malformed("bytes 12 to 15 of the header are not zero")
    val bodyLength = in.getLong()
    if (metaLength < 0 || metaLength > maxMeta)
      malformed(s"metaLength ${Integer.toUnsignedString(metaLength)} is above $maxMeta")
    if (bodyLength < 0)
      malformed(s"bodyLength ${java.lang.Long.toUnsignedString(bodyLength)} is above 2^63 - 1")
    Header(tag, metaLength, bodyLength)
  }

  /** Writes 24 bytes at the position of `out`, which must be little-endian. */
  def write(header: Header, out: ByteBuffer): Unit = {
    out.putInt(magic).put(version.toByte).put(header.tag.toByte).putShort(0)
    out.putInt(header.metaLength).putInt(0).putLong(header.bodyLength)
    ()
  }

  private def malformed(why: String): Nothing = throw new Refused(ErrorCode.Malformed, why)
}
