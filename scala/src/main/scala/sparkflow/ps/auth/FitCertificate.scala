package sparkflow.ps.auth

import java.io.ByteArrayInputStream
import java.math.BigInteger
import java.security.{KeyPair, KeyPairGenerator, PrivateKey, Signature}
import java.security.cert.{CertificateFactory, X509Certificate}
import java.security.spec.ECGenParameterSpec

/** The key by which the parameter server of one fit is known on an encrypted wire, and the certificate of it, which the
  * workers get with the task and trust alone. The key is in this object and nowhere else: it is not Serializable and no
  * file has it.
  */
final class FitCertificate private (val key: PrivateKey, val certificate: X509Certificate) {

  /** What the workers get. */
  def encoded: Array[Byte] = certificate.getEncoded

  override def toString: String = "FitCertificate(key hidden)"
}

object FitCertificate {

  /** A new key (ECDSA on P-256) with a certificate (X.509 v3, RFC 5280) that it has signed itself. The JDK can read
    * certificates and not make them, hence the encoding by hand.
    */
  def make(): FitCertificate = {
    val generator = KeyPairGenerator.getInstance("EC")
    generator.initialize(new ECGenParameterSpec("secp256r1"))
    val pair = generator.generateKeyPair()
    val encoded = sign(pair)
    val certificate = CertificateFactory
      .getInstance("X.509")
      .generateCertificate(new ByteArrayInputStream(encoded))
      .asInstanceOf[X509Certificate]
    new FitCertificate(pair.getPrivate, certificate)
  }

  private def sign(pair: KeyPair): Array[Byte] = {
    val content = Der.sequence(
      Der.explicit(0, Der.integer(BigInteger.TWO)), // v3
      Der.integer(new BigInteger(1, JobSecret.randomBytes(16))),
      ecdsaWithSha256,
      name,
      validity,
      name,
      pair.getPublic.getEncoded, // a SubjectPublicKeyInfo as it is
      Der.explicit(3, Der.sequence(noAuthority))
    )
    val signature = Signature.getInstance("SHA256withECDSA")
    signature.initSign(pair.getPrivate)
    signature.update(content)
    Der.sequence(content, ecdsaWithSha256, Der.bits(signature.sign()))
  }

  private val ecdsaWithSha256 = Der.sequence(Der.oid(1, 2, 840, 10045, 4, 3, 2))
  private val commonName = Der.oid(2, 5, 4, 3)
  private val name = Der.sequence(Der.set(Der.sequence(commonName, Der.utf8("sparkflow parameter server"))))

  // A fit's certificate is trusted as long as the fit lasts; dates would only make it fail where a clock is wrong.
  // The second one is RFC 5280's for "no end".
  private val validity = Der.sequence(Der.utcTime("700101000000Z"), Der.generalizedTime("99991231235959Z"))

  // basicConstraints, critical, empty: this key may not sign other certificates.
  private val noAuthority =
    Der.sequence(Der.oid(2, 5, 29, 19), Der.yes, Der.octets(Der.sequence()))
}
