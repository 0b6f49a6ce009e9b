package sparkflow.job

import org.apache.spark.SparkConf
import org.scalatest.funsuite.AnyFunSuite

class TrainChecksTest extends AnyFunSuite {

  test("a cluster that is told to encrypt is refused, and the setting named") {
    TrainChecks.encryption(new SparkConf(false))
    Seq("spark.network.crypto.enabled", "spark.ssl.enabled", "spark.io.encryption.enabled").foreach { key =>
      val said = intercept[UnsupportedOperationException] {
        TrainChecks.encryption(new SparkConf(false).set(key, "true"))
      }.getMessage
      assert(said.contains(key) && said.contains("yet"))
    }
  }
}
