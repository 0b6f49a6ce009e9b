package sparkflow.ps.optim

import java.nio.ByteOrder.LITTLE_ENDIAN
import java.nio.file.{Files, Path}
import java.nio.{ByteBuffer, FloatBuffer}

import org.json4s._
import org.json4s.jackson.JsonMethods

/** What TensorFlow did, as dev/optimizer_fixtures.py stored it in tests/fixtures/optimizers. */
object Fixtures {

  /** @param after for each step the weights after it, from the first one on: all of them, or as many as were
    *   kept
    * @param last all weights after the last step
    */
  final case class Case(
      optimizer: String,
      learningRate: Double,
      options: Map[String, Any],
      schedule: Option[Map[String, Any]],
      after: Seq[Array[Float]],
      last: Array[Float]
  )

  /** @param rates of the first updates, from a base of 0.3 */
  final case class Scheduled(config: Map[String, Any], rates: Seq[Double])

  private implicit val formats: Formats = DefaultFormats
  private val index = JsonMethods.parse(new String(bytes("index.json"), "UTF-8"))
  private val sizes = (index \ "shapes").extract[Seq[Seq[Int]]].map(_.product)
  private val total = sizes.sum

  /** Of each variable, its first weight and the one after its last. */
  val variables: Seq[(Int, Int)] =
    sizes.scanLeft(0)(_ + _).zip(sizes).map { case (from, n) => from -> (from + n) }

  val steps: Int = (index \ "steps").extract[Int]

  /** For each optimizer, the arguments of TensorFlow's constructor with their defaults; "required" has none.
    */
  val constructors: Map[String, Map[String, Any]] =
    (index \ "constructors").values.asInstanceOf[Map[String, Map[String, Any]]]

  val schedules: Seq[Scheduled] = (index \ "schedules").children.map { one =>
    Scheduled((one \ "config").values.asInstanceOf[Map[String, Any]], (one \ "rates").extract[Seq[Double]])
  }

  val cases: Seq[Case] = {
    val stored = ByteBuffer.wrap(bytes("weights.bin")).order(LITTLE_ENDIAN).asFloatBuffer
    val all = (index \ "cases").children.map { one =>
      val recorded = (one \ "recorded").extract[Int]
      Case(
        (one \ "optimizer").extract[String],
        (one \ "learning_rate").extract[Double],
        (one \ "options").values.asInstanceOf[Map[String, Any]] - "schedule",
        (one \ "options" \ "schedule").toOption.map(_.values.asInstanceOf[Map[String, Any]]),
        Seq.fill(steps)(take(stored, recorded)),
        take(stored, total)
      )
    }
    require(!stored.hasRemaining, "weights.bin holds more than index.json tells of")
    all
  }

  /** The generator of `Draws` in dev/optimizer_fixtures.py: first the weights, then one gradient a step. */
  final class Draws {
    private var state = 1

    def number(): Float = {
      state = state * 1664525 + 1013904223
      (state >>> 8) / 8388608f - 1f
    }

    def weights(): Array[Float] = Array.fill(total)(number())

    def gradient(): Array[Float] = Array.fill(total)(component())

    def component(): Float = {
      val kind = number()
      val scale = if (kind < -0.8) 0f else if (kind < -0.6) 1f / 1024 else if (kind > 0.95) 128f else 1f
      number() * scale
    }
  }

  private def take(from: FloatBuffer, count: Int): Array[Float] = {
    val floats = new Array[Float](count)
    from.get(floats)
    floats
  }

  // sbt runs tests in the root of the repository.
  private def bytes(file: String): Array[Byte] =
    Files.readAllBytes(Path.of("tests/fixtures/optimizers", file))
}
