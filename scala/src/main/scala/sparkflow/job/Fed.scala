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

  private[job] def toJson: JObject =
    ("name" -> name) ~ ("param" -> tensorParam) ~ ("tensor" -> tensor)
}
