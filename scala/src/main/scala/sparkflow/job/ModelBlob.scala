package sparkflow.job

import java.io.{BufferedOutputStream, OutputStream}
import java.nio.{ByteBuffer, ByteOrder}
import java.nio.charset.StandardCharsets.UTF_8
import java.security.{DigestOutputStream, MessageDigest}

import scala.util.Using

import org.json4s.JsonDSL._
import org.json4s.jackson.JsonMethods

import sparkflow.ps.store.{Floats, ModelState}

/** A model as one run of bytes for the Python workers: u32 length of a JSON header, the header, then the sections that
  * it lists as [offset, bytes] from its own end: graph (JSON text), weights (float32), state; all little-endian.
  */
private[job] object ModelBlob {

  /** Writes the blob as the one value of a pickle file (opcode BINBYTES8), which is what Spark broadcasts to Python.
    *
    * @param file closed in the end
    * @return SHA-256 of what was written, hex
    */
  def writePickled(file: OutputStream, graph: String, state: ModelState): String = {
    val graphBytes = graph.getBytes(UTF_8)
    val weightBytes = 4L * state.weights.length
    val header = JsonMethods
      .compact(
        ("layout" -> JsonMethods.parse(state.layout.toJson)) ~
          ("graph" -> Seq(0L, graphBytes.length.toLong)) ~
          ("weights" -> Seq(graphBytes.length.toLong, weightBytes)) ~
          ("state" -> Seq(graphBytes.length + weightBytes, state.state.length.toLong))
      )
      .getBytes(UTF_8)
    val digest = MessageDigest.getInstance("SHA-256")
    Using.resource(
      new DigestOutputStream(new BufferedOutputStream(file, chunk), digest)
    ) { out =>
      out.write(Array[Byte](0x80.toByte, 4, 0x8e.toByte)) // PROTO 4, BINBYTES8
      out.write(
        little(8).putLong(0, 4L + header.length + graphBytes.length + weightBytes + state.state.length).array
      )
      out.write(little(4).putInt(0, header.length).array)
      out.write(header)
      out.write(graphBytes)
      Floats.write(state.weights, out)
      out.write(state.state)
      out.write('.') // STOP
    }
    digest.digest().map(b => f"$b%02x").mkString
  }

  private def little(bytes: Int): ByteBuffer = ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN)

  private val chunk = 1 << 20 // bytes; large enough that system calls don't count
}
