package sparkflow.job

import org.json4s._
import org.json4s.jackson.JsonMethods

import sparkflow.files.CheckedFiles

/** Tells whether two graphs are the same, though each was built by a process of its own. */
private[job] object GraphFingerprint {

  /** SHA-256 of the graph without the constants that are fed to stateless random ops: Keras' initializers draw their seeds
    * whenever a graph is built, and workers put their own in their place.
    *
    * @param graph JSON of a MetaGraphDef
    */
  def of(graph: String): String = {
    val root = JsonMethods.parse(graph)
    val nodes = (root \ "graphDef" \ "node").children
    val drawn = nodes
      .filter(node => text(node \ "op").startsWith("Stateless"))
      .flatMap(node => (node \ "input").children.map(text(_).takeWhile(_ != ':')))
      .toSet
    val same = root.transformField { case ("node", JArray(all)) =>
      "node" -> JArray(all.map {
        case node: JObject if text(node \ "op") == "Const" && drawn(text(node \ "name")) =>
          JObject(node.obj.filterNot(_._1 == "attr"))
        case node => node
      })
    }
    CheckedFiles.sha256Of(JsonMethods.compact(sorted(same)))
  }

  // Protocol buffers write the entries of a map in any order.
  private def sorted(value: JValue): JValue = value match {
    case JObject(fields) => JObject(fields.map { case (name, v) => name -> sorted(v) }.sortBy(_._1))
    case JArray(values)  => JArray(values.map(sorted))
    case other           => other
  }

  private def text(value: JValue): String = value match {
    case JString(text) => text
    case _             => ""
  }
}
