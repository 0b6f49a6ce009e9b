package sparkflow.ps.auth

import org.scalatest.funsuite.AnyFunSuite

class JobSecretTest extends AnyFunSuite {

  test("the MAC is HMAC-SHA256 (RFC 4231, test case 1, with its key filled to 32 bytes by zeros)") {
    val secret = JobSecret.fromHex("0b" * 20 + "00" * 12)
    val mac = java.util.HexFormat.of().formatHex(secret.mac("Hi", " There".getBytes))
    assert(mac === "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7")
  }

  test("hex and back, and what is no secret") {
    val secret = JobSecret.random()
    assert(JobSecret.fromHex(secret.hex).hex === secret.hex)
    assert(JobSecret.random().hex !== secret.hex)
    Seq("", "0b" * 31, "0b" * 33, "zz" * 32).foreach { bad =>
      val e = intercept[IllegalArgumentException](JobSecret.fromHex(bad))
      assert(bad.isEmpty || !e.getMessage.contains(bad))
    }
  }

  test("it is not shown") {
    val secret = JobSecret.random()
    assert(!secret.toString.contains(secret.hex))
  }

  test("a MAC verifies for its own label and parts only") {
    val secret = JobSecret.random()
    val mac = secret.mac("a", Array[Byte](1))
    assert(secret.verify(mac, "a", Array[Byte](1)))
    assert(!secret.verify(mac, "b", Array[Byte](1)))
    assert(!secret.verify(mac, "a", Array[Byte](2)))
    assert(!secret.verify(mac.take(31), "a", Array[Byte](1)))
    assert(!JobSecret.random().verify(mac, "a", Array[Byte](1)))
  }
}
