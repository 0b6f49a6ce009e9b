package sparkflow.ps.store

import org.json4s._
import org.json4s.JsonDSL._
import org.json4s.jackson.JsonMethods.{compact, parse, render}

import scala.util.control.NonFatal

/** A trainable variable: float32 on the wire, whatever its dtype in the graph. */
final case class Variable(name: String, shape: Seq[Int])

/** A variable that is not trained; `dtype` is one of [[Layout.dtypes]]. */
final case class StateVariable(name: String, shape: Seq[Int], dtype: String)

/** Which variables make up the two flat vectors of a model, in order: weights (float32, concatenated) and
  * state (each variable in its own dtype, concatenated, little-endian).
  *
  * @throws IllegalArgumentException for an empty or repeated name, a negative dimension, an unknown dtype, or
  *   a vector that does not fit into one JVM array (2^31^ - 9 elements)
  */
final case class Layout(weights: Seq[Variable], state: Seq[StateVariable]) {
  import Layout._

  checkNames(weights.map(_.name), "weight")
  checkNames(state.map(_.name), "state variable")

  /** Number of float32 values in the weights. */
  val weightCount: Int =
    total(weights.map(v => elements(v.name, v.shape)), "weights", "values")

  /** For each variable of the weights, the number of its first one. */
  lazy val starts: Seq[Int] =
    weights.map(v => elements(v.name, v.shape)).scanLeft(BigInt(0))(_ + _).init.map(_.toInt)

  /** Length of the state in bytes. */
  val stateBytes: Int = {
    val sizes = state.map(v => elements(v.name, v.shape) * width(v.name, v.dtype))
    total(sizes, "state", "bytes")
  }

  /** The form of docs/protocol.md, on one line. */
  def toJson: String = {
    def w(v: Variable): JObject = ("name" -> v.name) ~ ("shape" -> v.shape)
    def s(v: StateVariable): JObject = ("name" -> v.name) ~ ("shape" -> v.shape) ~ ("dtype" -> v.dtype)
    compact(render(("weights" -> weights.map(w)) ~ ("state" -> state.map(s))))
  }
}

object Layout {

  /** Bytes of one element of each state dtype. */
  val dtypes: Map[String, Int] = Map("float32" -> 4, "float64" -> 8, "int32" -> 4, "int64" -> 8)

  // HotSpot refuses arrays of the last few lengths below 2^31.
  private val longestArray = Int.MaxValue - 8

  /** Reads what [[Layout.toJson]] or the Python worker wrote.
    *
    * @throws IllegalArgumentException if it is not JSON of that form, or not a valid layout
    */
  def fromJson(json: String): Layout = {
    val root =
      try parse(json)
      catch {
        case NonFatal(e) => throw new IllegalArgumentException(s"the layout is not JSON: ${e.getMessage}")
      }
    Layout(
      entries(root, "weights").map(v => Variable(text(v, "name"), shape(v))),
      entries(root, "state").map(v => StateVariable(text(v, "name"), shape(v), text(v, "dtype")))
    )
  }

  private def entries(root: JValue, field: String): List[JValue] = root \ field match {
    case JArray(values) => values
    case other          => wrong(s"'$field'", "an array of variables", other)
  }

  private def text(variable: JValue, field: String): String = variable \ field match {
    case JString(value) => value
    case other          => wrong(s"'$field' of a variable", "a string", other)
  }

  private def shape(variable: JValue): List[Int] = variable \ "shape" match {
    case JArray(dimensions) =>
      dimensions.map {
        case JInt(n) if n.isValidInt => n.toInt
        case other => wrong(s"the shape of '${text(variable, "name")}'", "32-bit integers", other)
      }
    case other => wrong(s"the shape of '${text(variable, "name")}'", "an array of integers", other)
  }

  private def wrong(what: String, expected: String, got: JValue): Nothing =
    throw new IllegalArgumentException(
      s"layout: $what must be $expected, got ${if (got == JNothing) "nothing"
        else compact(render(got)).take(80)}"
    )

  private def checkNames(names: Seq[String], kind: String): Unit = {
    require(!names.exists(_.isEmpty), s"layout: a $kind has an empty name")
    val repeated = names.diff(names.distinct)
    require(repeated.isEmpty, s"layout: the $kind '${repeated.head}' occurs more than once")
  }

  private def elements(name: String, shape: Seq[Int]): BigInt = {
    require(
      shape.forall(_ >= 0),
      s"layout: the shape ${shape.mkString("[", ", ", "]")} of '$name' has a negative dimension; it must be known fully"
    )
    shape.map(BigInt(_)).product
  }

  private def width(name: String, dtype: String): Int =
    dtypes.getOrElse(
      dtype,
      throw new IllegalArgumentException(
        s"layout: '$name' has dtype '$dtype', expected one of ${dtypes.keys.toSeq.sorted.mkString(", ")}"
      )
    )

  private def total(sizes: Seq[BigInt], what: String, unit: String): Int = {
    val sum = sizes.sum
    require(sum <= longestArray, s"layout: the $what have $sum $unit, at most $longestArray are supported")
    sum.toInt
  }
}
