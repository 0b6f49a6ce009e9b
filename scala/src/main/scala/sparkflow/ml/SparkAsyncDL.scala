package sparkflow.ml

import org.apache.hadoop.fs.Path
import org.apache.spark.ml.Estimator
import org.apache.spark.ml.param.ParamMap
import org.apache.spark.ml.sparkflow.ParamsMetadata
import org.apache.spark.ml.util.{Identifiable, MLReadable, MLReader, MLWritable, MLWriter}
import org.apache.spark.sql.Dataset
import org.apache.spark.sql.types.StructType
import org.json4s._
import org.json4s.JsonDSL._

import sparkflow.Version
import sparkflow.files.NewDirectory
import sparkflow.job.{CheckpointPlan, FitListener, GradientPlan, PredictJob, TrainJob, TrainRequest}
import sparkflow.params._
import sparkflow.ps.store.{Layout, ModelState}

/** Trains a TensorFlow graph on a DataFrame: one Python worker per partition computes gradients, a parameter server on
  * the driver owns the weights and the optimizer.
  */
class SparkAsyncDL(override val uid: String)
    extends Estimator[SparkAsyncDLModel]
    with GraphParams
    with LabelParams
    with PredictionStage
    with OptimizerParams
    with TrainingParams
    with ServerParams
    with StalenessParams
    with TrafficParams
    with StartParams
    with SpillParams
    with CheckpointParams
    with TimeoutParams
    with ValidationParams
    with EarlyStoppingParams
    with SampleWeightParams
    with GradientParams
    with TransformParams
    with MLWritable {

  def this() = this(Identifiable.randomUID("SparkAsyncDL"))

  @transient private[ml] var listener: FitListener = _

  /** Who hears of the iterations of each fit, on the driver; null for nobody. Copies keep it, saved estimators don't. */
  def setListener(value: FitListener): this.type = {
    listener = value
    this
  }

  /** Starts training from what a model of the same graph has learnt. */
  def setInitialWeights(model: SparkAsyncDLModel): this.type = setInitialWeights(model.state)

  /** Trains a model; the listener, if one was set, hears of every iteration.
    *
    * @throws IllegalArgumentException before any Spark job, if a param, the graph or the columns are wrong
    */
  override def fit(dataset: Dataset[_]): SparkAsyncDLModel = fit(dataset, listener)

  /** Trains a model with a listener for this fit alone. */
  def fit(dataset: Dataset[_], listener: FitListener): SparkAsyncDLModel = {
    if (dataset.isStreaming)
      throw new IllegalArgumentException(
        "fit takes a DataFrame at rest, but this one is a stream: train on what has been written, or in foreachBatch with " +
          "setInitialWeights; the model's transform takes streams"
      )
    transformSchema(dataset.schema, logging = true)
    val result = TrainJob.run(dataset, trainRequest, Option(listener))
    val model = new SparkAsyncDLModel(uid, $(tensorflowGraph), result.state, Some(result.seed))
    model.trainingSummary = Some(new TrainingSummary(result.history))
    copyValues(model).setParent(this)
  }

  /** Checks all that can be checked without data; adds the prediction column as the model will. */
  override def transformSchema(schema: StructType): StructType = {
    if ($(tensorflowGraph).isEmpty)
      throw new IllegalArgumentException(
        "tensorflowGraph is empty: give it what sparkflow.graph_utils.build_graph or `python -m sparkflow graph` " +
          "makes, or in Python a Keras model, SparkAsyncDL(model=…)"
      )
    if ($(resume) && !isSet(checkpointDir))
      throw new IllegalArgumentException(
        "resume is true but checkpointDir is not set: name the directory whose checkpoints the fit is to go on from"
      )
    TrainJob.check(schema, trainRequest)
    // Only the graph is looked at here: there are no weights yet.
    val untrained = ModelState(Layout(Nil, Nil), Array.empty, Array.empty)
    withPrediction(schema, new PredictJob(predictRequest($(tensorflowGraph), untrained)))
  }

  private[ml] def trainRequest: TrainRequest = TrainRequest(
    graph = $(tensorflowGraph),
    inputs = FedColumns(this, "features")(inputCol, tfInput)(inputCols, tfInputs),
    labels = FedColumns(this, "label")(labelCol, tfLabel)(labelCols, tfLabels),
    tfOutputs = outputs.map(_._2),
    tfDropout = get(tfDropout),
    regularizationLosses = $(useRegularizationLosses),
    optimizer = $(tfOptimizer),
    learningRate = $(tfLearningRate),
    optimizerOptions = get(optimizerOptions),
    learningRateSchedule = get(learningRateSchedule),
    iters = $(iters),
    partitions = $(partitions),
    miniBatchSize = $(miniBatchSize),
    miniStochasticIters = $(miniStochasticIters),
    shufflePerIter = $(shufflePerIter),
    partitionShuffles = $(partitionShuffles),
    mode = consistency,
    maxStaleness = $(maxStaleness),
    stalenessDecay = $(stalenessDecay),
    delayCompensation = $(delayCompensation),
    port = $(port),
    transport = $(transport),
    localSteps = $(localSteps),
    compression = $(compression),
    sparseTables = $(sparseTables),
    seed = get(seed),
    initial = get(initialWeights),
    verbose = $(verbose),
    spillLimit = Some($(spillLimit)).filter(_ > 0),
    spillDir = get(spillDir),
    checkpoint =
      get(checkpointDir).map(CheckpointPlan(_, $(checkpointInterval), $(checkpointKeep), $(resume))),
    workerTimeout = $(workerTimeout),
    waitTimeout = $(waitTimeout),
    validationIndicatorCol = get(validationIndicatorCol),
    validationFraction = $(validationFraction),
    earlyStoppingPatience = $(earlyStoppingPatience),
    earlyStoppingMinDelta = $(earlyStoppingMinDelta),
    restoreBest = $(restoreBest),
    toKeepDropout = $(toKeepDropout),
    sampleWeightCol = get(sampleWeightCol),
    tfSampleWeight = get(tfSampleWeight),
    gradient = GradientPlan($(clipNorm), $(clipVariableNorm), $(clipValue), $(gradientAccumulationSteps)),
    classWeights = get(classWeights),
    transformFn = get(transformFn),
    monitor = $(monitor),
    monitorMode = $(monitorMode),
    tfMetrics = get(tfMetrics),
    classifies = classifies
  )

  override def copy(extra: ParamMap): SparkAsyncDL =
    copyValues(new SparkAsyncDL(uid), extra).setListener(listener)

  override def write: MLWriter = new SparkAsyncDL.Writer(this)
}

object SparkAsyncDL extends MLReadable[SparkAsyncDL] {
  override def read: MLReader[SparkAsyncDL] = new Reader

  override def load(path: String): SparkAsyncDL = super.load(path)

  /** Of what Spark's metadata does not cover, as in docs/persistence.md. */
  private val formatVersion = 1

  private final class Writer(stage: SparkAsyncDL) extends MLWriter {
    override protected def saveImpl(path: String): Unit = {
      val start = stage.get(stage.initialWeights)
      val extra: JObject = "sparkflow" ->
        (("formatVersion" -> formatVersion) ~ ("version" -> Version.current) ~ ("initialWeights" -> start.isDefined))
      val plain = stage.copy(ParamMap.empty)
      plain.clear(plain.initialWeights)
      val conf = ParamsMetadata.hadoopConf(sparkSession)
      NewDirectory(new Path(path), conf, "the estimator") { draft =>
        ParamsMetadata.save(plain, draft.toString, sparkSession, extra)
        val files = new ModelFiles(new Path(draft, startDirectory), conf)
        start.foreach(state => files.write(ModelContent(None, state, None, None), metadata = None))
      }
    }
  }

  private final class Reader extends MLReader[SparkAsyncDL] {
    override def load(path: String): SparkAsyncDL = {
      val (stage, metadata) =
        SavedParams.load(path, sparkSession, classOf[SparkAsyncDL].getName)(new SparkAsyncDL(_))
      val own = metadata \ "sparkflow"
      own \ "formatVersion" match {
        case JInt(version) if version == formatVersion =>
        case other =>
          val found = other match { case JInt(v) => v.toString; case _ => "none" }
          throw new SavedModelException(
            s"the metadata of the estimator at $path has sparkflow.formatVersion $found, and SparkFlow ${Version.current} " +
              s"reads $formatVersion: it was written by a newer SparkFlow, or altered; load it with the version that wrote it"
          )
      }
      if (own \ "initialWeights" == JBool.True) {
        val directory = new Path(path, startDirectory)
        val files = new ModelFiles(directory, ParamsMetadata.hadoopConf(sparkSession))
        stage.setInitialWeights(files.read(withGraph = false).state)
      }
      stage
    }
  }

  private val startDirectory = "initialWeights"
}
