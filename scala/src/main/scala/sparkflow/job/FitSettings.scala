package sparkflow.job

import org.json4s.jackson.JsonMethods

/** The settings that a resumed fit must have in common with the one that was cut short: all that its weights depend on,
  * but for the iterations, which may grow, and the seed, which may have been drawn.
  */
private[job] object FitSettings {

  /** By the param's name; what is long, as its SHA-256. */
  def apply(request: TrainRequest): Map[String, String] = Map(
    "tensorflowGraph" -> s"one of SHA-256 ${GraphFingerprint.of(request.graph)}",
    "inputCol" -> named(request.inputs.map(_.column)),
    "labelCol" -> named(request.labels.map(_.column)),
    "tfInput" -> named(request.inputs.map(_.tensor)),
    "tfLabel" -> named(request.labels.map(_.tensor)),
    "sampleWeightCol" -> request.sampleWeightCol.getOrElse("not set"),
    "tfSampleWeight" -> request.tfSampleWeight.getOrElse("not set"),
    "classWeights" -> request.classWeights.getOrElse("not set"),
    "transformFn" -> request.transformFn.getOrElse("not set"),
    "validationIndicatorCol" -> request.validationIndicatorCol.getOrElse("not set"),
    "validationFraction" -> request.validationFraction.toString,
    "useRegularizationLosses" -> request.regularizationLosses.toString,
    "tfOptimizer" -> request.optimizer,
    "optimizerOptions" -> JsonMethods.compact(TrainChecks.optimizerOptions(request)),
    "learningRateSchedule" -> request.learningRateSchedule.getOrElse("not set"),
    "miniBatchSize" -> request.miniBatchSize.toString,
    "miniStochasticIters" -> request.miniStochasticIters.toString,
    "shufflePerIter" -> request.shufflePerIter.toString,
    "partitionShuffles" -> request.partitionShuffles.toString,
    "partitions" -> request.partitions.toString,
    "mode" -> request.mode,
    "maxStaleness" -> request.maxStaleness.toString,
    "stalenessDecay" -> request.stalenessDecay.toString,
    "delayCompensation" -> request.delayCompensation.toString,
    "localSteps" -> request.localSteps.toString,
    "compression" -> request.compression,
    "sparseTables" -> request.sparseTables.toString,
    // Workers merge their state and take new seeds there.
    "checkpointInterval" -> request.checkpoint.fold("not set")(_.interval.toString)
  ) ++ request.gradient.settings

  private def named(names: Seq[String]): String = if (names.isEmpty) "not set" else names.mkString(", ")
}
