package sparkflow.job

import org.json4s.JObject
import org.json4s.JsonDSL._

/** A column and the placeholder that it feeds.
  *
  * @param role        what the worker calls the column: "features", "label" or "weight"
  * @param columnParam name of the Param that named the column, for messages, as is `tensorParam`
  */
final case class Fed(
    role: String,
    columnParam: String,
    column: String,
    tensorParam: String,
    tensor: String
) {

  /** Of the column on its way to the worker. */
  def name: String = if (columnParam.endsWith("Cols")) s"$role '$column'" else role

  /** @throws IllegalArgumentException if the graph has no such placeholder */
  private[job] def placeholderIn(graph: GraphInfo): TensorInfo = graph.placeholder(tensorParam, tensor)

  /** In which type the column's values travel.
    *
    * @throws IllegalArgumentException if the graph has no such placeholder, or no column can feed it
    */
  private[job] def dtypeIn(graph: GraphInfo): Dtype = Dtype.of(tensorParam, placeholderIn(graph))

  /** Bytes of a value of the column on its way, if all rows have as many. */
  private[job] def bytesIn(graph: GraphInfo): Option[Long] = {
    val placeholder = placeholderIn(graph)
    Dtype.of(tensorParam, placeholder) match {
      case numbers: Dtype.Numbers => placeholder.rowSize.map(_ * numbers.bytes)
      case _                      => None
    }
  }

  private[job] def toJson(graph: GraphInfo): JObject =
    ("name" -> name) ~ ("param" -> tensorParam) ~ ("tensor" -> tensor) ~ ("dtype" -> dtypeIn(graph).name)
}
