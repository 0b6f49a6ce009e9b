package sparkflow.job

import sparkflow.ps.Stopping
import sparkflow.ps.optim.Optimizer
import sparkflow.ps.store.ModelState

/** Everything a fit needs, as plain data; what each field means is said by the Param of the same name.
  *
  * @param inputs     one at least
  * @param labels     none to train unsupervised
  * @param initial    weights to start from; None starts from the graph's own initializers
  * @param spillLimit bytes; None for no limit
  * @param workerTimeout seconds, as is `waitTimeout`
  */
final case class TrainRequest(
    graph: String,
    inputs: Seq[Fed],
    labels: Seq[Fed],
    tfOutputs: Seq[String],
    tfDropout: Option[String],
    regularizationLosses: Boolean,
    optimizer: String,
    learningRate: Double,
    optimizerOptions: Option[String],
    learningRateSchedule: Option[String],
    iters: Int,
    partitions: Int,
    miniBatchSize: Int,
    miniStochasticIters: Int,
    shufflePerIter: Boolean,
    partitionShuffles: Int,
    mode: String,
    maxStaleness: Int,
    stalenessDecay: Boolean,
    delayCompensation: Double,
    port: Int,
    transport: String,
    localSteps: Int,
    compression: String,
    sparseTables: Boolean,
    seed: Option[Long],
    initial: Option[ModelState],
    verbose: Int,
    spillLimit: Option[Long],
    spillDir: Option[String],
    checkpoint: Option[CheckpointPlan],
    workerTimeout: Int,
    waitTimeout: Int,
    validationIndicatorCol: Option[String] = None,
    validationFraction: Double = 0,
    earlyStoppingPatience: Int = 0,
    earlyStoppingMinDelta: Double = 0,
    restoreBest: Boolean = false,
    toKeepDropout: Boolean = false,
    sampleWeightCol: Option[String] = None,
    tfSampleWeight: Option[String] = None,
    gradient: GradientPlan = GradientPlan(),
    classWeights: Option[String] = None,
    transformFn: Option[String] = None,
    monitor: String = Monitor.loss,
    monitorMode: String = "auto",
    tfMetrics: Option[String] = None,
    classifies: Boolean = false
) {

  /** @throws IllegalArgumentException if `graph` is none */
  private[job] lazy val graphInfo: GraphInfo = GraphInfo.parse(graph)

  /** All columns that the workers are sent, in their order. */
  def columns: Seq[Fed] = inputs ++ labels ++ sampleWeight

  private def sampleWeight: Option[Fed] =
    for (column <- sampleWeightCol; tensor <- tfSampleWeight)
      yield Fed("weight", "sampleWeightCol", column, "tfSampleWeight", tensor)

  /** Whether rows are held out. */
  def validates: Boolean = validationIndicatorCol.isDefined || validationFraction > 0

  /** None if the fit takes all its iterations and gives the last weights. */
  def stopping: Option[Stopping] =
    Some(
      Stopping(
        earlyStoppingPatience,
        earlyStoppingMinDelta,
        restoreBest,
        Some(monitor).filter(_ != Monitor.loss),
        Monitor.rises(monitor, monitorMode)
      )
    )
      .filter(s => s.patience > 0 || s.restoreBest)

  /** Whether the label says one of two classes, 0 and 1. */
  def twoClasses: Boolean =
    classifies && graphInfo.tensor("tfOutput", tfOutputs.head).rowSize.contains(1L)

  /** Whether workers wait for each other, and so must all run at once. */
  def together: Boolean = mode == "ssp" || mode == "sync"

  /** Whether tables may travel by rows, where a worker finds some. */
  def byRows: Boolean =
    sparseTables && localSteps == 1 && gradient.accumulation == 1 && delayCompensation == 0 &&
      !Optimizer.layerwise.contains(optimizer)
}

/** What a fit saves on its way.
  *
  * @param directory on any Hadoop file system
  * @param interval  updates between two checkpoints
  * @param keep      the newest that stay
  * @param resume    whether the fit goes on from the newest that is there
  */
final case class CheckpointPlan(directory: String, interval: Int, keep: Int, resume: Boolean)

/** @param seed the seed that the fit used, also when it drew it itself */
final case class TrainResult(state: ModelState, seed: Long, history: TrainHistory)

/** Hears of a running fit, on the driver, one call at a time. An exception it throws ends the fit. */
trait FitListener {

  /** A partition has ended an iteration.
    *
    * @param loss      mean loss of the iteration's samples in that partition
    * @param iteration counted from 0, over all `partitionShuffles`
    */
  def onIteration(loss: Double, iteration: Int, partition: Int): Unit

  /** All partitions have ended an iteration of a fit that holds rows out.
    *
    * @param loss      mean loss of the held-out rows
    * @param iteration counted from 0, over all `partitionShuffles`
    * @param metrics   by name
    */
  def onValidation(loss: Double, iteration: Int, metrics: java.util.Map[String, java.lang.Double]): Unit = ()

  /** Whether the fit shall end with what it has come to, which is no error; asked after each of the calls above. */
  def wantsToStop(): Boolean = false

  /** A line for people, when `verbose` is 1 or more. */
  def onProgress(line: String): Unit
}

/** A fit that began and failed: the message says why in the words of the part that failed. */
final class TrainingException(message: String, cause: Throwable) extends RuntimeException(message, cause)
