package sparkflow.ml

import org.apache.spark.ml.linalg.SQLDataTypes
import org.apache.spark.sql.internal.SQLConf
import org.apache.spark.sql.types.{DoubleType, StructField, StructType}

import sparkflow.job.{Classifier, PredictJob, PredictRequest}
import sparkflow.params.{ClassifierParams, InputParams, PredictionParams}
import sparkflow.ps.store.ModelState

/** The part of prediction that the estimator and the model share: its params and its schema. */
private[ml] trait PredictionStage extends InputParams with PredictionParams with ClassifierParams {

  private[ml] def predictRequest(graph: String, state: ModelState): PredictRequest =
    PredictRequest(
      graph,
      state,
      FedColumns(this, "features")(inputCol, tfInput)(inputCols, tfInputs),
      (if (isSet(tfOutputs)) tfOutputs else tfOutput).name,
      outputs.map(_._2),
      get(tfDropout),
      $(toKeepDropout),
      $(inferenceBatchSize)
    )

  /** Names of the columns that outputs go to as they are, and of their tensors. */
  private[ml] def outputs: Seq[(String, String)] =
    PairedParams
      .several(this)(predictionCol, tfOutput)(outputCols, tfOutputs)(
        "the columns that take the tensors",
        "the tensors that the columns take"
      )
      .getOrElse(Seq($(predictionCol) -> $(tfOutput)))

  /** None where the output itself is the prediction.
    *
    * @throws IllegalArgumentException if there are several outputs to choose from
    */
  private[ml] def classifier: Option[Classifier] = Option.when(classifies) {
    if (isSet(outputCols))
      throw new IllegalArgumentException(
        s"outputCols is set, and outputs go there as they are, but rawPredictionCol, probabilityCol or thresholds makes a classifier " +
          "of one: use predictionCol and tfOutput with it, and another stage for further outputs"
      )
    Classifier($(fromLogits), get(thresholds).map(_.toSeq))
  }

  /** @throws IllegalArgumentException if a column is wrong or missing, or one that is to be added is there already */
  private[ml] def withPrediction(schema: StructType, job: PredictJob): StructType = {
    job.check(schema)
    classifier.foreach(_.check(job.outputs.head))
    val added =
      if (classifies)
        Seq(rawPredictionCol, probabilityCol)
          .filter(isSet)
          .map(param => (param.name, $(param), SQLDataTypes.VectorType)) :+
          ((predictionCol.name, $(predictionCol), DoubleType))
      else {
        val param = if (isSet(outputCols)) outputCols else predictionCol
        outputs.zip(job.outputTypes).map { case ((column, _), dataType) => (param.name, column, dataType) }
      }
    added.foldLeft(schema) { case (schema, (param, name, dataType)) =>
      def same(other: String) = SQLConf.get.resolver(other, name)
      val naming = added.filter(column => same(column._2)).map(_._1)
      if (naming.size > 1)
        throw new IllegalArgumentException(
          s"${naming.distinct.mkString(" and ")} name '$name' ${naming.size} times, but each output needs a column of its own"
        )
      for (there <- schema.fieldNames.find(same))
        throw new IllegalArgumentException(
          s"$param is '$name', but there is already a column '$there': set another $param, or drop it first"
        )
      schema.add(StructField(name, dataType))
    }
  }
}
