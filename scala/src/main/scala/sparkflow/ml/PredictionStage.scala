package sparkflow.ml

import org.apache.spark.ml.linalg.SQLDataTypes
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
      $(tfOutput),
      get(tfDropout),
      $(toKeepDropout),
      $(inferenceBatchSize)
    )

  /** None where the output itself is the prediction. */
  private[ml] def classifier: Option[Classifier] =
    Option.when(classifies)(Classifier($(fromLogits), get(thresholds).map(_.toSeq)))

  /** @throws IllegalArgumentException if a column is wrong or missing, or one that is to be added is there already */
  private[ml] def withPrediction(schema: StructType, job: PredictJob): StructType = {
    job.check(schema)
    classifier.foreach(_.check(job.output))
    val vectors = Seq(rawPredictionCol, probabilityCol).filter(isSet).map(_ -> SQLDataTypes.VectorType)
    val prediction = predictionCol -> (if (classifies) DoubleType else job.outputType)
    (vectors :+ prediction).foldLeft(schema) { case (schema, (param, dataType)) =>
      val name = $(param)
      if (schema.fieldNames.contains(name))
        throw new IllegalArgumentException(
          s"${param.name} is '$name', but there is already a column of that name: set another ${param.name}, or drop it first"
        )
      schema.add(StructField(name, dataType))
    }
  }
}
