package sparkflow.job

import java.nio.{ByteBuffer, ByteOrder}
import java.nio.charset.StandardCharsets.UTF_8
import java.util.Base64

import scala.util.control.NonFatal

import org.json4s._
import org.json4s.jackson.JsonMethods

import sparkflow.Names

/** A tensor as the graph describes it.
  *
  * @param shape the static shape, -1 for a dimension that is not known; None where not even the rank is
  */
final case class TensorInfo(name: String, op: String, dtype: Option[String], shape: Option[Seq[Long]]) {

  /** Values in one row, where the first dimension is the batch; None where the graph does not fix it. */
  def rowSize: Option[Long] = shape.collect {
    case dims if dims.drop(1).forall(_ >= 0) => dims.drop(1).product
  }

  /** Whether it is the values, indices and shape of a `tf.sparse_placeholder`, and `name` what these begin with. */
  def isSparse: Boolean = op == GraphInfo.sparse

  /** As Python writes it. */
  def shapeText: String = shape.fold("unknown")(TensorInfo.shapeText)
}

private[job] object TensorInfo {

  /** A shape as Python writes it. */
  def shapeText(dims: Seq[Long]): String =
    dims.map(d => if (d < 0) "None" else d.toString).mkString("[", ", ", "]")
}

/** What the driver can tell of a TensorFlow graph without TensorFlow: enough to refuse a wrong name, type or size
  * before a Spark job starts. Reads the JSON form of a MetaGraphDef, which
  * `tf.train.export_meta_graph` writes with the static shape of every tensor.
  */
final class GraphInfo private (nodes: Map[String, JValue], collections: JValue) {

  /** The tensor "node:index".
    *
    * @throws IllegalArgumentException if the graph has no such tensor; the message names close ones
    */
  def tensor(param: String, name: String): TensorInfo = {
    val (node, index) = name.split(':') match {
      case Array(n, i) if i.matches("[0-9]{1,9}") => (n, i.toInt)
      case _ =>
        throw new IllegalArgumentException(
          s"$param is '$name', which is no tensor name: expected \"node:index\", such as '${name.takeWhile(_ != ':')}:0'"
        )
    }
    val found = nodes.getOrElse(
      node,
      throw new IllegalArgumentException(
        s"$param is '$name', but the graph has no node '$node'${Names.didYouMean(node, nodes.keys)}"
      )
    )
    val shapes = (found \ "attr" \ "_output_shapes" \ "list" \ "shape") match {
      case JArray(all) => all
      case _           => Nil
    }
    if (shapes.nonEmpty && index >= shapes.size)
      throw new IllegalArgumentException(
        s"$param is '$name', but node '$node' has ${shapes.size} output(s): the last is '$node:${shapes.size - 1}'"
      )
    val declared = found \ "attr" \ "shape" \ "shape" match {
      case JNothing => None
      case shape    => GraphInfo.dims(shape)
    }
    TensorInfo(
      s"$node:$index",
      GraphInfo.text(found \ "op").getOrElse(""),
      GraphInfo.text(found \ "attr" \ "dtype" \ "type"),
      shapes.lift(index).map(GraphInfo.dims).getOrElse(declared)
    )
  }

  /** The placeholder "node:index", or the sparse one of a name without an index.
    *
    * @throws IllegalArgumentException if the graph has no such tensor, or it is no placeholder
    */
  def placeholder(param: String, name: String): TensorInfo =
    sparsePlaceholder(name).getOrElse(densePlaceholder(param, name))

  // Its static shape is the default of the placeholder of its shape.
  private def sparsePlaceholder(name: String): Option[TensorInfo] =
    for (
      values <- nodes.get(s"$name/values")
      if nodes.contains(s"$name/indices") && nodes.contains(s"$name/shape")
    )
      yield TensorInfo(
        name,
        GraphInfo.sparse,
        GraphInfo.text(values \ "attr" \ "dtype" \ "type"),
        nodes.get(s"$name/shape_default").flatMap(node => GraphInfo.longs(node \ "attr" \ "value" \ "tensor"))
      )

  private def densePlaceholder(param: String, name: String): TensorInfo = {
    val found = tensor(param, name)
    if (!found.op.startsWith("Placeholder")) {
      val all = nodes.collect {
        case (n, json) if GraphInfo.text(json \ "op").exists(_.startsWith("Placeholder")) => n
      }
      throw new IllegalArgumentException(
        s"$param is '$name', which is a ${found.op} and no placeholder; the graph's placeholders are " +
          all.toSeq.sorted.map(n => s"'$n:0'").mkString(", ")
      )
    }
    found
  }

  /** Number of tensors in the LOSSES collection; training uses the first. */
  def losses: Int = collectionSize("losses")

  /** Number of trainable variables. */
  def trainableVariables: Int = collectionSize("trainable_variables")

  /** The metrics that the graph itself computes of rows that are held out; None if it says nothing of it. */
  def metrics: Option[Seq[String]] = collections \ "sparkflow_evaluation" \ "bytesList" \ "value" match {
    case JArray(JString(value) :: _) =>
      val told = JsonMethods.parse(new String(Base64.getDecoder.decode(value), UTF_8))
      Some((told \ "metrics") match {
        case JObject(fields) => fields.map(_._1)
        case _               => Nil
      })
    case _ => None
  }

  private def collectionSize(name: String): Int = collections \ name match {
    case JObject(List((_, kind))) =>
      kind \ "value" match { case JArray(values) => values.size; case _ => 0 }
    case _ => 0
  }
}

object GraphInfo {

  /** @throws IllegalArgumentException if the text is not the JSON of a MetaGraphDef */
  def parse(json: String): GraphInfo = {
    if (json.trim.isEmpty)
      throw new IllegalArgumentException(
        "tensorflowGraph is empty: give it the JSON that sparkflow.graph_utils.build_graph or `python -m sparkflow graph` makes"
      )
    val root =
      try JsonMethods.parse(json)
      catch { case NonFatal(e) => throw notAGraph(json, e) }
    val nodes = root \ "graphDef" \ "node" match {
      case JArray(all) => all.flatMap(n => text(n \ "name").map(_ -> n)).toMap
      case _           => throw notAGraph(json, null)
    }
    new GraphInfo(nodes, root \ "collectionDef")
  }

  private[job] val sparse = "SparsePlaceholder"

  // All values of a constant of int64: as they are, or their bytes.
  private def longs(tensor: JValue): Option[Seq[Long]] =
    (tensor \ "tensorContent", tensor \ "int64Val") match {
      case (JString(content), _) =>
        val bytes =
          ByteBuffer.wrap(Base64.getDecoder.decode(content)).order(ByteOrder.LITTLE_ENDIAN).asLongBuffer()
        Some(Seq.fill(bytes.remaining())(bytes.get()))
      case (_, JArray(values)) => Some(values.flatMap(text(_)).map(_.toLong))
      case _                   => None
    }

  private def notAGraph(json: String, cause: Throwable) = new IllegalArgumentException(
    s"tensorflowGraph is not the JSON of a TensorFlow MetaGraphDef (it begins with '${json.trim.take(40)}'): " +
      "make it with sparkflow.graph_utils.build_graph or `python -m sparkflow graph`",
    cause
  )

  private def text(value: JValue): Option[String] = value match {
    case JString(s) => Some(s)
    case _          => None
  }

  // proto3 JSON leaves out what has its default: a scalar's shape is {}, a dimension of size 0 is {}.
  private def dims(shape: JValue): Option[Seq[Long]] =
    if (shape \ "unknownRank" == JBool.True) None
    else
      shape \ "dim" match {
        case JArray(all) => Some(all.map(d => text(d \ "size").map(_.toLong).getOrElse(0L)))
        case _           => Some(Nil)
      }
}
