package sparkflow.ps.server

import scala.util.control.NonFatal

import org.json4s._
import org.json4s.jackson.JsonMethods

import sparkflow.ps.protocol.{ErrorCode, Refused, Validation}

/** What a worker tells of its held-out rows, as sums. */
private[server] object ValidationPart {

  /** @throws Refused if the metrics are not a JSON object of pairs of numbers, or the samples are negative */
  def apply(message: Validation): Iterations.Sums = {
    if (message.samples < 0) refuse(s"Validation of ${message.samples} samples")
    Iterations.Sums(message.samples, message.loss * message.samples, metrics(message.metrics))
  }

  private def metrics(text: String): Map[String, (Double, Double)] = {
    val json =
      try JsonMethods.parse(text)
      catch { case NonFatal(e) => refuse(s"the metrics of Validation are no JSON: ${e.getMessage}") }
    json match {
      case JObject(fields) =>
        fields.map {
          case (name, JArray(List(Number(total), Number(count)))) => name -> ((total, count))
          case (name, _) => refuse(s"metric '$name' of Validation is no pair of a total and a count")
        }.toMap
      case _ => refuse("the metrics of Validation are no JSON object")
    }
  }

  private object Number {
    def unapply(json: JValue): Option[Double] = json match {
      case JDouble(value)  => Some(value)
      case JDecimal(value) => Some(value.toDouble)
      case JInt(value)     => Some(value.toDouble)
      case JLong(value)    => Some(value.toDouble)
      case _               => None
    }
  }

  private def refuse(why: String): Nothing = throw new Refused(ErrorCode.Malformed, why)
}
