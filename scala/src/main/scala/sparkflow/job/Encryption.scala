package sparkflow.job

import org.apache.spark.SparkConf

/** What Spark is told to encrypt, and SparkFlow therefore does not leave in the clear.
  *
  * @param wire the setting because of which connections to the parameter server are encrypted, if any
  * @param disk the setting because of which nothing may lie in the clear on a local disk, if any
  */
private[job] final case class Encryption(wire: Option[String], disk: Option[String]) {

  /** @throws IllegalArgumentException if the fit would write to a disk what must not lie there in the clear */
  def check(spillLimit: Option[Long]): Unit = for (setting <- disk; limit <- spillLimit)
    throw new IllegalArgumentException(
      s"spillLimit is $limit, but $setting is true, and the files that rows are spilled to are not encrypted: set spillLimit to " +
        "-1 and take more partitions, of fewer rows each"
    )
}

private[job] object Encryption {
  private val ofDisks = "spark.io.encryption.enabled"

  // Each means that data on its way between Spark's processes, or on its way to a disk, is not for all eyes.
  private val all = Seq(
    "spark.network.crypto.enabled",
    "spark.authenticate.enableSaslEncryption",
    "spark.ssl.enabled",
    "spark.ssl.rpc.enabled",
    ofDisks
  )

  def apply(conf: SparkConf): Encryption = {
    def isTrue(key: String) = conf.getBoolean(key, defaultValue = false)
    Encryption(all.find(isTrue), Some(ofDisks).filter(isTrue))
  }
}
