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
  ): Seq[Fed] =
    PairedParams
      .several(stage)(column, tensor)(columns, tensors)(
        "the columns that feed the placeholders",
        "the placeholders that the columns feed"
      )
      .map(_.map { case (c, t) => Fed(role, columns.name, c, tensors.name, t) })
      .getOrElse(one(stage, role, column, tensor).toSeq)

  private def one(stage: Params, role: String, column: Param[String], tensor: Param[String]): Option[Fed] = {
    def value(param: Param[String]) = Some(param).filter(stage.isDefined(_)).map(stage.getOrDefault(_))
    def without(set: Param[String], missing: Param[String], what: String) = throw new IllegalArgumentException(
      s"${set.name} is '${stage.getOrDefault(set)}' but ${missing.name} is not set: name the $what, or leave ${set.name} out " +
        "to train unsupervised (what a Keras model is compiled with sets it)"
    )
    (value(column), value(tensor)) match {
      case (Some(c), Some(t)) => Some(Fed(role, column.name, c, tensor.name, t))
      case (None, Some(_))    => without(tensor, column, "column that feeds it")
      case (Some(_), None)    => without(column, tensor, "placeholder that it feeds")
      case (None, None)       => None
    }
  }
}
