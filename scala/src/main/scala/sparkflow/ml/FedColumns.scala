package sparkflow.ml

import org.apache.spark.ml.param.{Param, Params, StringArrayParam}

import sparkflow.job.Fed

/** Which columns feed which placeholders, from the two params for one column or the two for several. */
private[ml] object FedColumns {

  /** None if no param is set.
    *
    * @param role as `Fed` takes it
    * @throws IllegalArgumentException if the params contradict each other, or one is without its other
    */
  def apply(stage: Params, role: String)(column: Param[String], tensor: Param[String])(
      columns: StringArrayParam,
      tensors: StringArrayParam
  ): Seq[Fed] = {
    val several = Seq(columns, tensors).filter(stage.isSet(_))
    if (several.isEmpty) one(stage, role, column, tensor).toSeq
    else {
      for (single <- Seq(column, tensor).find(stage.isSet(_)))
        throw new IllegalArgumentException(
          s"${several.head.name} is ${show(stage, several.head)}, but ${single.name} is '${stage.getOrDefault(single)}': use " +
            s"${column.name} and ${tensor.name} for one column, or ${columns.name} and ${tensors.name} for several, and clear the others"
        )
      if (several.size == 1) {
        val missing = if (several.head == columns) tensors else columns
        throw new IllegalArgumentException(
          s"${several.head.name} is ${show(stage, several.head)}, but ${missing.name} is not set: name in it, in the same order, " +
            (if (missing == tensors) "the placeholders that the columns feed"
             else "the columns that feed the placeholders")
        )
      }
      val (names, placeholders) = (stage.getOrDefault(columns), stage.getOrDefault(tensors))
      if (names.length != placeholders.length)
        throw new IllegalArgumentException(
          s"${columns.name} has ${names.length} (${show(stage, columns)}), but ${tensors.name} has ${placeholders.length} " +
            s"(${show(stage, tensors)}): each column feeds the placeholder at its place"
        )
      names.toSeq.zip(placeholders).map { case (c, t) => Fed(role, columns.name, c, tensors.name, t) }
    }
  }

  private def one(stage: Params, role: String, column: Param[String], tensor: Param[String]): Option[Fed] = {
    def value(param: Param[String]) = Some(param).filter(stage.isDefined(_)).map(stage.getOrDefault(_))
    def without(set: Param[String], missing: Param[String], what: String) = throw new IllegalArgumentException(
      s"${set.name} is '${stage.getOrDefault(set)}' but ${missing.name} is not set: name the $what, or leave ${set.name} out " +
        "to train unsupervised"
    )
    (value(column), value(tensor)) match {
      case (Some(c), Some(t)) => Some(Fed(role, column.name, c, tensor.name, t))
      case (None, Some(_))    => without(tensor, column, "column that feeds it")
      case (Some(_), None)    => without(column, tensor, "placeholder that it feeds")
      case (None, None)       => None
    }
  }

  private def show(stage: Params, param: StringArrayParam): String =
    stage.getOrDefault(param).mkString("'", "', '", "'")
}
