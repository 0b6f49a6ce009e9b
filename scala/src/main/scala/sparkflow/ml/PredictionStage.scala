package sparkflow.ml

import org.apache.spark.sql.types.{StructField, StructType}

import sparkflow.job.{PredictJob, PredictRequest}
import sparkflow.params.{InputParams, PredictionParams}
import sparkflow.ps.store.ModelState

/** The part of prediction that the estimator and the model share: its params and its schema. */
private[ml] trait PredictionStage extends InputParams with PredictionParams {

  private[ml] def predictRequest(graph: String, state: ModelState): PredictRequest =
    PredictRequest(
      graph,
      state,
      $(tfInput),
      $(tfOutput),
      get(tfDropout),
      $(toKeepDropout),
      $(inferenceBatchSize)
    )

  /** @throws IllegalArgumentException if a column is wrong or missing, or the prediction column is there already */
  private[ml] def withPrediction(schema: StructType, job: PredictJob): StructType = {
    job.check(schema, $(inputCol))
    val name = $(predictionCol)
    if (schema.fieldNames.contains(name))
      throw new IllegalArgumentException(
        s"predictionCol is '$name', but there is already a column of that name: set another predictionCol, or drop it first"
      )
    schema.add(StructField(name, job.outputType))
  }
}
