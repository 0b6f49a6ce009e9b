package sparkflow.ps.auth

import java.io.{ByteArrayOutputStream, NotSerializableException, ObjectOutputStream}
import java.math.BigInteger
import java.util.{Date, HexFormat}

import org.scalatest.funsuite.AnyFunSuite

class FitCertificateTest extends AnyFunSuite {

  test("the JDK reads what was written by hand, and its signature is that of its own key") {
    val made = FitCertificate.make()
    val certificate = made.certificate
    certificate.verify(certificate.getPublicKey)
    assert(certificate.getVersion === 3)
    assert(certificate.getSigAlgName === "SHA256withECDSA")
    assert(certificate.getSubjectX500Principal.getName === "CN=sparkflow parameter server")
    assert(certificate.getIssuerX500Principal === certificate.getSubjectX500Principal)
    assert(certificate.getBasicConstraints === -1, "it may not sign others")
    assert(certificate.getCriticalExtensionOIDs.contains("2.5.29.19"))
    assert(certificate.getEncoded === made.encoded)
  }

  test("it is valid whatever a machine's clock says") {
    val certificate = FitCertificate.make().certificate
    Seq(0L, 4102444800000L, 253402300799000L).foreach(millis => certificate.checkValidity(new Date(millis)))
  }

  test("no two fits have the same key or serial number") {
    val (one, other) = (FitCertificate.make().certificate, FitCertificate.make().certificate)
    assert(one.getPublicKey !== other.getPublicKey)
    assert(one.getSerialNumber !== other.getSerialNumber)
    assert(one.getSerialNumber.signum >= 0)
  }

  test("the key is not shown, and goes nowhere by accident") {
    val made = FitCertificate.make()
    assert(made.toString === "FitCertificate(key hidden)")
    intercept[NotSerializableException] {
      new ObjectOutputStream(new ByteArrayOutputStream).writeObject(made)
    }
  }

  test("lengths and numbers of every form") {
    def hex(bytes: Array[Byte]) = HexFormat.of().formatHex(bytes)
    assert(hex(Der.oid(1, 2, 840, 10045, 4, 3, 2)) === "06082a8648ce3d040302") // RFC 5758, 3.2
    assert(hex(Der.oid(2, 5, 4, 0)) === "0603550400")
    assert(hex(Der.integer(BigInteger.valueOf(128))) === "02020080")
    assert(hex(Der.octets(new Array(127)).take(2)) === "047f")
    assert(hex(Der.octets(new Array(128)).take(3)) === "048180")
    assert(hex(Der.octets(new Array(256)).take(4)) === "04820100")
  }
}
