package sparkflow.ps.auth

import java.nio.charset.StandardCharsets.UTF_8
import java.security.{MessageDigest, SecureRandom}
import java.util.HexFormat
import javax.crypto.Mac
import javax.crypto.spec.SecretKeySpec

/** The 256-bit secret of one fit. It reaches the workers only inside the Spark task, as [[hex]]; it is not
  * Serializable and its toString does not show it, so that it cannot slip into a log or a closure.
  */
final class JobSecret private (bytes: Array[Byte]) {

  def hex: String = HexFormat.of().formatHex(bytes)

  /** HMAC-SHA256 of the label (UTF-8) followed by the parts; 32 bytes. */
  def mac(label: String, parts: Array[Byte]*): Array[Byte] = {
    val hmac = Mac.getInstance(JobSecret.algorithm)
    hmac.init(new SecretKeySpec(bytes, JobSecret.algorithm))
    hmac.update(label.getBytes(UTF_8))
    parts.foreach(hmac.update)
    hmac.doFinal()
  }

  /** Whether `mac` is the one of label and parts, in a time that does not depend on where it differs. */
  def verify(mac: Array[Byte], label: String, parts: Array[Byte]*): Boolean =
    MessageDigest.isEqual(mac, this.mac(label, parts: _*))

  override def toString: String = "JobSecret(hidden)"
}

object JobSecret {
  private val algorithm = "HmacSHA256"
  private val length = 32
  private val source = new SecureRandom()

  def random(): JobSecret = new JobSecret(randomBytes(length))

  /** @throws IllegalArgumentException unless `hex` is 64 hexadecimal digits (the message does not repeat it) */
  def fromHex(hex: String): JobSecret = {
    require(hex.matches(s"[0-9a-fA-F]{${2 * length}}"), s"a job secret is ${2 * length} hexadecimal digits")
    new JobSecret(HexFormat.of().parseHex(hex))
  }

  /** Bytes for a nonce, from the same source as the secrets. */
  private[ps] def randomBytes(n: Int): Array[Byte] = {
    val bytes = new Array[Byte](n)
    source.nextBytes(bytes)
    bytes
  }
}
