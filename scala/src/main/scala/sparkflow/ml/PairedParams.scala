package sparkflow.ml

import org.apache.spark.ml.param.{Param, Params, StringArrayParam}

/** Two params that name a column and a tensor, and the two in their place that name several, in the same order. */
private[ml] object PairedParams {

  /** The names of the columns and of their tensors; None if neither of the params for several is set.
    *
    * @param ofColumns what `columns` names, for messages; `ofTensors` what `tensors` does
    * @throws IllegalArgumentException if the params contradict each other, or one is without its other
    */
  def several(stage: Params)(column: Param[String], tensor: Param[String])(
      columns: StringArrayParam,
      tensors: StringArrayParam
  )(ofColumns: String, ofTensors: String): Option[Seq[(String, String)]] = {
    val set = Seq(columns, tensors).filter(stage.isSet(_))
    set.headOption.map { first =>
      for (single <- Seq(column, tensor).find(stage.isSet(_)))
        throw new IllegalArgumentException(
          s"${first.name} is ${show(stage, first)}, but ${single.name} is '${stage.getOrDefault(single)}': use " +
            s"${column.name} and ${tensor.name} for one column, or ${columns.name} and ${tensors.name} for several, and clear the others"
        )
      if (set.size == 1) {
        val missing = if (first == columns) tensors else columns
        throw new IllegalArgumentException(
          s"${first.name} is ${show(stage, first)}, but ${missing.name} is not set: name in it, in the same order, " +
            (if (missing == tensors) ofTensors else ofColumns)
        )
      }
      val (names, found) = (stage.getOrDefault(columns), stage.getOrDefault(tensors))
      if (names.length != found.length)
        throw new IllegalArgumentException(
          s"${columns.name} has ${names.length} (${show(stage, columns)}), but ${tensors.name} has ${found.length} " +
            s"(${show(stage, tensors)}): each column goes with the tensor at its place"
        )
      names.toSeq.zip(found)
    }
  }

  private def show(stage: Params, param: StringArrayParam): String =
    stage.getOrDefault(param).mkString("'", "', '", "'")
}
