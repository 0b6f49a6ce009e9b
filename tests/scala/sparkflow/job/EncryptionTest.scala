package sparkflow.job

import org.apache.spark.SparkConf
import org.scalatest.funsuite.AnyFunSuite

class EncryptionTest extends AnyFunSuite {
  private def of(settings: (String, String)*) = Encryption(new SparkConf(false).setAll(settings))

  test("the wire is encrypted where Spark is told to encrypt anything") {
    assert(of() === Encryption(None, None))
    assert(of("spark.network.crypto.enabled" -> "false", "spark.authenticate" -> "true").wire === None)
    Seq(
      "spark.network.crypto.enabled",
      "spark.authenticate.enableSaslEncryption",
      "spark.ssl.enabled",
      "spark.ssl.rpc.enabled"
    ).foreach(key => assert(of(key -> "true") === Encryption(Some(key), None)))
    assert(of("spark.io.encryption.enabled" -> "TRUE").wire.nonEmpty)
  }

  test("rows are not spilled in the clear where disks are to be encrypted") {
    val encrypted = of("spark.io.encryption.enabled" -> "true")
    encrypted.check(None)
    of("spark.network.crypto.enabled" -> "true").check(Some(1000))
    val said = intercept[IllegalArgumentException](encrypted.check(Some(1000))).getMessage
    assert(
      said.contains("spillLimit is 1000") && said.contains("spark.io.encryption.enabled") && said.contains(
        "-1"
      )
    )
  }
}
