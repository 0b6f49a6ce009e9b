package sparkflow.ps.server

import java.nio.ByteBuffer

import sparkflow.ps.protocol.Encoding
import sparkflow.ps.store._

/** What a vector of each [[Encoding]] looks like in memory. */
private[server] object Encoded {

  /** Bytes of the buffers that hold a vector of `length` values, in the order of the body. */
  def pieceBytes(encoding: Encoding, length: Int): Seq[Int] = encoding match {
    case Encoding.Float32 => NativeFloats.pieceBytes(length)
    case Encoding.Bf16    => NativeBf16.pieceBytes(length)
    case Encoding.Int8    => NativeInt8.pieceBytes(length)
    case Encoding.TopK    => NativeTopK.pieceBytes(length)
  }

  /** Bytes of the body. */
  def bytes(encoding: Encoding, length: Int): Long = pieceBytes(encoding, length).map(_.toLong).sum

  /** Reads what the buffers hold.
    *
    * @param pieces as [[pieceBytes]] says
    * @throws IllegalArgumentException if that is no vector of `length` values
    */
  def source(encoding: Encoding, length: Int, pieces: Seq[ByteBuffer]): FloatSource = encoding match {
    case Encoding.Float32 => new NativeFloats(pieces)
    case Encoding.Bf16    => new NativeBf16(pieces)
    case Encoding.Int8    => new NativeInt8(pieces.head, pieces.last)
    case Encoding.TopK    => new NativeTopK(length, pieces.head, pieces.last)
  }
}
