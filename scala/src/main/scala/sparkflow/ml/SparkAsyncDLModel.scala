package sparkflow.ml

import org.apache.hadoop.fs.Path
import org.apache.spark.ml.Model
import org.apache.spark.ml.param.ParamMap
import org.apache.spark.ml.sparkflow.ParamsMetadata
import org.apache.spark.ml.util.{MLReadable, MLReader, MLWritable, MLWriter}
import org.apache.spark.sql.{Column, DataFrame, Dataset, SparkSession}
import org.apache.spark.sql.functions.col
import org.apache.spark.sql.types.{DataType, StructType}
import org.json4s.JObject

import sparkflow.Names
import sparkflow.files.NewDirectory
import sparkflow.job.{Classifier, PackedColumn, PredictJob, PredictRequest}
import sparkflow.ps.store.{Floats, Layout, ModelState, Variable}

/** A trained TensorFlow graph.
  *
  * @param graph        JSON of the MetaGraphDef
  * @param state        layout, weights and state; shared by copies of the model, so not to be changed
  * @param trainingSeed seed of the fit that made the weights, also when the fit drew it; None if no fit did
  */
class SparkAsyncDLModel private[sparkflow] (
    override val uid: String,
    val graph: String,
    val state: ModelState,
    val trainingSeed: Option[Long]
) extends Model[SparkAsyncDLModel]
    with PredictionStage
    with MLWritable {

  private[ml] var trainingSummary: Option[TrainingSummary] = None

  /** Whether the model knows the fit that made it: not if it was made of weights, or saved by a version before summaries. */
  def hasSummary: Boolean = trainingSummary.isDefined

  /** How the fit went that made this model.
    *
    * @throws IllegalStateException if there is none, see `hasSummary`
    */
  def summary: TrainingSummary = trainingSummary.getOrElse(
    throw new IllegalStateException(
      s"model $uid has no summary: no fit made it, or it was saved by a version that kept none; ask hasSummary first"
    )
  )

  // Kept with what it was made for, so that one broadcast serves every transform until a param changes.
  @transient private var prepared: Option[(PredictRequest, PredictJob)] = None

  private def predictJob: PredictJob = synchronized {
    val request = predictRequest(graph, state)
    val job = prepared.collect { case (`request`, job) => job }.getOrElse(new PredictJob(request))
    prepared = Some(request -> job)
    job
  }

  /** Adds the prediction column, or outputCols, of a classifier also those that are named, lazily, and keeps every other.
    *
    * @throws IllegalArgumentException if a column is wrong or missing, or the prediction column is there already
    */
  override def transform(dataset: Dataset[_]): DataFrame = {
    val schema = dataset.schema
    transformSchema(schema, logging = true)
    val job = predictJob
    val inputs = job.columns.map(name => PackedColumn.named(dataset, name) -> schema(name).dataType)
    def packed = job.packed(dataset.sparkSession, inputs)
    classifier match {
      case Some(classifier) =>
        made(dataset, job.unpacked(packed).head)(classified(classifier, _, job.outputTypes.head))
      case None if outputs.size == 1 =>
        dataset.select(col("*"), job.unpacked(packed).head.as(outputs.head._1))
      case None =>
        made(dataset, packed)(job.unpacked(_).zip(outputs).map { case (column, (name, _)) =>
          column.as(name)
        })
    }
  }

  /** Adds columns that are all made of one, so that the graph runs once for them. */
  private def made(dataset: Dataset[_], one: Column)(columns: Column => Seq[Column]): DataFrame = {
    val between = s"${uid}_output"
    val extended = dataset.select(col("*"), one.as(between))
    extended.select(col("*") +: columns(extended(between)): _*).drop(between)
  }

  private def classified(classifier: Classifier, output: Column, outputType: DataType): Seq[Column] = Seq(
    get(rawPredictionCol).map(classifier.rawColumn(output, outputType).as(_)),
    get(probabilityCol).map(classifier.probabilityColumn(output, outputType).as(_)),
    Some(classifier.predictionColumn(output, outputType).as($(predictionCol)))
  ).flatten

  /** Makes the model a function of the session's SQL, as it is now: `select name(features) from t` gives what transform puts
    * into `predictionCol`, an ML vector as an array of double. A function that was registered by this name before is replaced.
    *
    * @throws IllegalArgumentException if the name is none that SQL can call, or Spark's own, or a tensor is wrong; a query, if
    *                                  its argument is
    */
  def register(session: SparkSession, name: String): Unit =
    ModelFunction.register(session, name, predictJob, classifier)

  override def transformSchema(schema: StructType): StructType = withPrediction(schema, predictJob)

  /** Names of the trainable variables, in the order of the layout. */
  def weightNames: Array[String] = state.layout.weights.map(_.name).toArray

  /** Shape of a trainable variable; empty for a scalar.
    *
    * @throws IllegalArgumentException if the model has no such variable
    */
  def weightShape(name: String): Array[Int] = find(name)._2.shape.toArray

  /** A copy of a trainable variable's values, row by row (C order).
    *
    * @throws IllegalArgumentException if the model has no such variable
    */
  def weight(name: String): Array[Float] = {
    val (offset, variable) = find(name)
    state.weights.slice(offset, offset + variable.shape.product)
  }

  /** All weights as raw little-endian float32, in the order of the layout.
    *
    * @throws IllegalStateException if they take 2 GiB or more; read those in parts
    */
  def weightsBytes: Array[Byte] = {
    if (state.weights.length > Int.MaxValue / 4)
      throw new IllegalStateException(
        s"${state.weights.length} weights take more than one array of bytes: read them in parts with weightsBytes(from, count)"
      )
    weightsBytes(0, state.weights.length)
  }

  /** `count` weights from number `from` on, as raw little-endian float32. */
  def weightsBytes(from: Int, count: Int): Array[Byte] = Floats.toBytes(state.weights, from, count)

  /** The variables that are not trained, each in its own type, little-endian, in the order of the layout. */
  def stateBytes: Array[Byte] = state.state.clone()

  /** Names, shapes and types of the variables, as in docs/protocol.md. */
  def layoutJson: String = state.layout.toJson

  private def find(name: String): (Int, Variable) = {
    val variables = state.layout.weights
    val offsets = variables.scanLeft(0)((offset, v) => offset + v.shape.product)
    offsets
      .zip(variables)
      .find(_._2.name == name)
      .getOrElse(
        throw new IllegalArgumentException(
          s"the model has no trainable variable '$name'${Names.didYouMean(name, variables.map(_.name))}"
        )
      )
  }

  override def copy(extra: ParamMap): SparkAsyncDLModel = {
    val that = new SparkAsyncDLModel(uid, graph, state, trainingSeed)
    that.prepared = prepared
    that.trainingSummary = trainingSummary
    copyValues(that, extra).setParent(parent)
  }

  override def write: MLWriter = new SparkAsyncDLModel.Writer(this)

  override def toString: String =
    s"SparkAsyncDLModel: uid=$uid, variables=${state.layout.weights.size}, weights=${state.weights.length}"
}

object SparkAsyncDLModel extends MLReadable[SparkAsyncDLModel] {
  override def read: MLReader[SparkAsyncDLModel] = new Reader

  override def load(path: String): SparkAsyncDLModel = super.load(path)

  /** Makes a model of weights that were trained elsewhere; the arrays of bytes are as `weightsBytes` and `stateBytes` give them.
    *
    * @throws IllegalArgumentException if a length disagrees with the layout
    */
  def fromBytes(
      uid: String,
      graph: String,
      layoutJson: String,
      weights: Array[Byte],
      state: Array[Byte]
  ): SparkAsyncDLModel = {
    val layout = Layout.fromJson(layoutJson)
    expectBytes("weights", weights, 4L * layout.weightCount)
    expectBytes("state", state, layout.stateBytes.toLong)
    new SparkAsyncDLModel(uid, graph, ModelState(layout, Floats.fromBytes(weights), state), None)
  }

  private def expectBytes(what: String, bytes: Array[Byte], expected: Long): Unit =
    if (bytes.length != expected)
      throw new IllegalArgumentException(
        s"$what has ${bytes.length} bytes, but the layout takes $expected: pass the bytes and the layout of one model"
      )

  private final class Writer(model: SparkAsyncDLModel) extends MLWriter {
    override protected def saveImpl(path: String): Unit = {
      val content = ModelContent(Some(model.graph), model.state, model.trainingSeed, model.trainingSummary)
      NewDirectory(new Path(path), ParamsMetadata.hadoopConf(sparkSession), "the model") { draft =>
        ParamsMetadata.save(model, draft.toString, sparkSession, JObject())
        files(draft.toString, sparkSession).write(content, Some(metadata(draft.toString)))
      }
    }
  }

  private final class Reader extends MLReader[SparkAsyncDLModel] {
    override def load(path: String): SparkAsyncDLModel = {
      val className = classOf[SparkAsyncDLModel].getName
      val (model, _) = SavedParams.load(path, sparkSession, className) { uid =>
        val content = files(path, sparkSession).read(withGraph = true)
        val model = new SparkAsyncDLModel(uid, content.graph.get, content.state, content.trainingSeed)
        model.trainingSummary = content.summary
        model
      }
      files(path, sparkSession).checkMetadata(metadata(path))
      model
    }
  }

  private def metadata(path: String) = new Path(path, "metadata")

  private def files(path: String, session: org.apache.spark.sql.SparkSession) =
    new ModelFiles(new Path(path, "data"), ParamsMetadata.hadoopConf(session))
}
