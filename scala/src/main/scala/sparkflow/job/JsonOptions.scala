package sparkflow.job

import org.json4s._
import org.json4s.jackson.JsonMethods

/** Options as users write them, a JSON object, as what the optimizers read. */
private[job] object JsonOptions {

  /** By name: numbers, Booleans, text, and lists of those; null counts as not given.
    *
    * @throws java.lang.IllegalArgumentException for anything else
    */
  def apply(json: String): Map[String, Any] =
    JsonMethods.parse(json) match {
      case JObject(fields) => fields.collect { case (name, v) if v != JNull => name -> value(name, v) }.toMap
      case _ =>
        throw new IllegalArgumentException(
          s"'${json.take(60)}' is no set of options, expected a JSON object such as {\"learning_rate\": 0.001}"
        )
    }

  private def value(name: String, json: JValue): Any = json match {
    case JDouble(v)     => v
    case JDecimal(v)    => v.toDouble
    case JInt(v)        => v
    case JLong(v)       => v
    case JBool(v)       => v
    case JString(v)     => v
    case JArray(values) => values.map(value(name, _))
    case other =>
      throw new IllegalArgumentException(
        s"$name is ${JsonMethods.compact(other)}, expected a number, true/false or a list of numbers"
      )
  }
}
