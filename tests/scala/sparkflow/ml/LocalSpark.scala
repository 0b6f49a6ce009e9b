package sparkflow.ml

import java.nio.file.{Files, Path}
import java.util.Comparator

import scala.util.Using

import org.apache.spark.sql.SparkSession

/** One local session for all suites of the JVM, which ends with it, and a directory for each test that asks. */
object LocalSpark {
  lazy val session: SparkSession = SparkSession
    .builder()
    .master("local[1]")
    .config("spark.ui.enabled", "false")
    .config("spark.sql.shuffle.partitions", "1")
    .config("spark.driver.host", "127.0.0.1")
    .getOrCreate()

  def withDirectory[A](body: Path => A): A = {
    val directory = Files.createTempDirectory("sparkflow-test-")
    try body(directory)
    finally
      Using.resource(Files.walk(directory))(_.sorted(Comparator.reverseOrder[Path]).forEach(Files.delete(_)))
  }
}
