package sparkflow.job

import java.nio.file.Files

import org.apache.spark.SparkContext
import org.apache.spark.ml.linalg.SQLDataTypes
import org.apache.spark.sql.{Column, SparkSession}
import org.apache.spark.sql.sparkflow.PythonBridge
import org.apache.spark.sql.types._
import org.json4s.{JNull, JString}
import org.json4s.JsonDSL._
import org.json4s.jackson.JsonMethods

import sparkflow.Version
import sparkflow.ps.store.ModelState

/** What a model needs to predict, as plain data; the fields are the Params of the same names.
  *
  * @param inputs  one at least
  * @param outputs tensors, one at least; `outputParam` is the name of the Param that named them
  */
final case class PredictRequest(
    graph: String,
    state: ModelState,
    inputs: Seq[Fed],
    outputParam: String,
    outputs: Seq[String],
    tfDropout: Option[String],
    toKeepDropout: Boolean,
    inferenceBatchSize: Int
)

/** Predictions as a lazy column: the model is broadcast once, and each Python worker keeps its session between tasks. */
final class PredictJob(request: PredictRequest) {
  private lazy val graph = GraphInfo.parse(request.graph)

  /** @throws IllegalArgumentException if the graph has no such tensor */
  lazy val outputs: Seq[TensorInfo] = request.outputs.map(graph.tensor(request.outputParam, _))

  /** Double where an output is one value a row, otherwise an ML vector (also where the graph does not fix the size). */
  lazy val outputTypes: Seq[DataType] =
    outputs.map(o => if (o.rowSize.contains(1L)) DoubleType else SQLDataTypes.VectorType)

  /** @throws IllegalArgumentException naming a wrong tensor, column, type or size */
  def check(schema: StructType): Unit = {
    request.inputs.foreach(FedColumn.check(schema, graph, _))
    TrainChecks.fedOnce(request.inputs)
    val _ = outputs // looks for their tensors
    request.tfDropout.foreach(graph.tensor("tfDropout", _))
  }

  /** Names of the features columns. */
  def columns: Seq[String] = request.inputs.map(_.column)

  /** The prediction for each row, of a job with one output.
    *
    * @param inputs the features columns, in the order of `columns`, and their types
    * @param name   what query plans call the model
    */
  def column(session: SparkSession, inputs: Seq[(Column, DataType)], name: String): Column =
    unpacked(packed(session, inputs, name)).head

  /** All outputs of each row, as they come from Python: one value, or a struct of several. */
  def packed(
      session: SparkSession,
      inputs: Seq[(Column, DataType)],
      name: String = "sparkflow_predict"
  ): Column = {
    val (broadcast, fingerprint) = model(session.sparkContext)
    val vectors = outputTypes.map(_ != DoubleType)
    val json = JsonMethods.compact(
      ("version" -> Version.current) ~
        ("broadcast" -> broadcast.id) ~
        ("fingerprint" -> fingerprint) ~
        ("inputs" -> request.inputs.map(_.toJson(graph))) ~
        ("outputParam" -> request.outputParam) ~
        ("outputs" -> request.outputs.zip(vectors).map { case (tensor, vector) =>
          ("tensor" -> tensor) ~ ("vector" -> vector)
        }) ~
        ("tfDropout" -> request.tfDropout.map(JString(_)).getOrElse(JNull)) ~
        ("toKeepDropout" -> request.toKeepDropout) ~
        ("inferenceBatchSize" -> request.inferenceBatchSize) ~
        ("threads" -> PythonWorker.threads(session.sparkContext))
    )
    val parts = vectors.map(vector => if (vector) BinaryType else DoubleType)
    val result =
      if (parts.size == 1) parts.head
      else StructType(parts.zipWithIndex.map { case (part, i) => StructField(i.toString, part) })
    val function = PythonWorker.function(
      session,
      "sparkflow.worker.predict",
      "Predict",
      json,
      result,
      Seq(broadcast),
      rowsAtATime
    )
    PredictStrategy.in(PythonBridge.classic(session))
    val rows = request.inputs.zip(inputs).map { case (fed, (input, dataType)) =>
      FedColumn(input, dataType, graph, fed)
    }
    PythonBridge.arrowColumn(rows, function, name, result)
  }

  /** Rows that are sent to Python together, if it is known how large one is: whole batches of the session's. */
  private def rowsAtATime: Option[Int] = {
    val sizes = request.inputs.map(_.bytesIn(graph))
    Option.when(sizes.forall(_.isDefined)) {
      val batches = PredictJob.chunk / (sizes.flatten.sum.max(1) * request.inferenceBatchSize)
      (batches.max(1) * request.inferenceBatchSize).min(Int.MaxValue.toLong).toInt
    }
  }

  /** The outputs, each of its type. */
  def unpacked(packed: Column): Seq[Column] = {
    val parts =
      if (outputTypes.size == 1) Seq(packed) else outputTypes.indices.map(i => packed.getField(i.toString))
    parts.zip(outputTypes).map { case (part, dataType) =>
      if (dataType == DoubleType) part else PackedColumn.unpackVector(part)
    }
  }

  // One broadcast per Spark application. Spark frees it when this object and all plans that use it are gone.
  private def model(sc: SparkContext): (PythonBridge.BroadcastFile, String) = synchronized {
    sent.filter(_._1 eq sc).map(_._2).getOrElse {
      val file = Files.createTempFile("sparkflow-model-", ".bin")
      file.toFile.deleteOnExit()
      val out = PythonBridge.encrypted(sc, Files.newOutputStream(file))
      val fingerprint = ModelBlob.writePickled(out, request.graph, request.state)
      val model = (PythonBridge.broadcastFile(sc, file.toString), fingerprint)
      sent = Some(sc -> model)
      model
    }
  }

  private var sent: Option[(SparkContext, (PythonBridge.BroadcastFile, String))] = None
}

private object PredictJob {

  // Bytes: what the JVM writes and Python reads stays in the processor's caches, and a batch of small rows takes long
  // enough that what Spark does for one does not count.
  val chunk = 4L << 20
}
