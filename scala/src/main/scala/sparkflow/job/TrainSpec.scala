package sparkflow.job

import java.util.HexFormat

import org.json4s.{JInt, JNull, JObject, JString}
import org.json4s.JsonDSL._
import org.json4s.jackson.JsonMethods

import sparkflow.Version
import sparkflow.ps.auth.{FitCertificate, JobSecret}

/** Where the workers find the parameter server, how they prove that they are of the fit, and how they know it. */
private[job] final case class ServerAddress(
    host: String,
    port: Int,
    secret: JobSecret,
    certificate: Option[FitCertificate]
) {
  def toJson: JObject = ("host" -> host) ~ ("port" -> port) ~ ("secret" -> secret.hex) ~
    ("certificate" -> certificate.map(c => JString(HexFormat.of().formatHex(c.encoded))).getOrElse(JNull))
}

/** What one round of training tells its Python workers; read by `sparkflow.worker.spec`. */
private[job] final case class TrainSpec(
    server: ServerAddress,
    round: Int,
    request: TrainRequest,
    seed: Long,
    threads: Int
) {
  def toJson: String = JsonMethods.compact(
    ("version" -> Version.current) ~
      ("server" -> server.toJson) ~
      ("round" -> round) ~
      ("graph" -> request.graph) ~
      ("inputs" -> request.inputs.map(_.toJson(request.graphInfo))) ~
      ("labels" -> request.labels.map(_.toJson(request.graphInfo))) ~
      ("tfOutputs" -> request.tfOutputs) ~
      ("tfDropout" -> request.tfDropout.map(JString(_)).getOrElse(JNull)) ~
      ("regularizationLosses" -> request.regularizationLosses) ~
      ("iters" -> request.iters) ~
      ("miniBatchSize" -> request.miniBatchSize) ~
      ("miniStochasticIters" -> request.miniStochasticIters) ~
      ("shufflePerIter" -> request.shufflePerIter) ~
      ("seed" -> seed) ~
      ("threads" -> threads) ~
      ("workerTimeout" -> request.workerTimeout) ~
      ("transport" -> request.transport) ~
      ("localSteps" -> request.localSteps) ~
      ("compression" -> request.compression) ~
      ("sparseTables" -> request.byRows) ~
      ("segment" -> segment) ~
      ("optimizer" -> (("name" -> request.optimizer) ~ ("options" -> TrainChecks
        .optimizerOptions(request)))) ~
      ("spillLimit" -> request.spillLimit.map(JInt(_)).getOrElse(JNull)) ~
      ("tfSampleWeight" -> request.tfSampleWeight.map(JString(_)).getOrElse(JNull)) ~
      ("validation" -> request.validates) ~
      ("dropout" -> (if (request.toKeepDropout) 1.0 else 0.0)) ~
      ("weightColumn" -> request.sampleWeightCol.isDefined) ~
      ("twoClasses" -> request.twoClasses) ~
      ("classWeights" -> request.classWeights.map(JsonMethods.parse(_)).getOrElse(JObject())) ~
      ("transformFn" -> request.transformFn.map(JString(_)).getOrElse(JNull)) ~
      ("tfMetrics" -> Monitor.named(request)) ~
      ("gradient" -> request.gradient.toJson) ~
      ("spillDir" -> request.spillDir.map(JString(_)).getOrElse(JNull))
  )

  // Only where all workers are at the same update can they do something together there.
  private def segment: Int = request.checkpoint.filter(_ => request.mode == "sync").fold(0)(_.interval)

  /** Never the secret. */
  override def toString: String = s"TrainSpec(${server.host}:${server.port}, round $round)"
}
