package sparkflow.job

import org.apache.hadoop.conf.Configuration
import org.slf4j.LoggerFactory

import sparkflow.job.checkpoint.{Checkpoint, CheckpointStore, CheckpointWriter}
import sparkflow.ps.FitSnapshot

/** What a fit goes on from, and what it saves on its way.
  *
  * @throws IllegalArgumentException if checkpointDir cannot be written, has checkpoints though the fit is to start anew, or
  *   those of another fit
  */
private[job] final class FitCheckpoints(plan: CheckpointPlan, request: TrainRequest, conf: Configuration)
    extends AutoCloseable {
  import FitCheckpoints._

  private val store = new CheckpointStore(plan.directory, plan.keep, conf)
  private val writer = new CheckpointWriter(store)
  private val begin = System.nanoTime()

  // Told by the job while it runs, read when a checkpoint is made.
  @volatile private var seed = 0L
  @volatile private var partitions = 0
  @volatile private var partitionRows: Seq[Long] = Nil

  store.prepare()

  private var found: Option[FitSnapshot] = None

  /** How far the fit had come; None if it starts from the beginning. */
  val resumed: Option[FitProgress] = if (plan.resume) find() else { refuse(); None }

  /** Updates that the fit goes on from. */
  val steps: Long = found.fold(0L)(_.store.version)

  /** The first round that is to be run; there is none if the fit had ended. */
  val firstRound: Int = resumed.fold(0) { progress =>
    if (progress.finished && progress.iters == request.iters) request.partitionShuffles
    else found.get.round
  }

  resumed.foreach(progress => partitionRows = progress.partitionRows)

  /** What the fit goes on from, once: it is as large as the model, and not to be kept. */
  def take(): Option[FitSnapshot] = {
    val taken = found
    found = None
    taken
  }

  def written: Int = writer.written
  def failed: Int = writer.failed

  /** Seconds that the fit has taken, with those before it was cut short. */
  def seconds: Double = resumed.fold(0.0)(_.seconds) + (System.nanoTime() - begin) / 1e9

  def seeded(value: Long): Unit = seed = value

  /** A round is about to start.
    *
    * @throws IllegalArgumentException if the fit that is resumed had other partitions
    */
  def round(workers: Int): Unit = {
    for (progress <- resumed if progress.partitions != workers)
      throw new IllegalArgumentException(
        s"the DataFrame has $workers partitions to train on, but had ${progress.partitions} when the checkpoint in " +
          s"'${plan.directory}' was made: $remedy"
      )
    partitions = workers
  }

  /** The first round has ended. */
  def trained(rows: Seq[Long]): Unit = if (partitionRows.isEmpty) partitionRows = rows

  /** Whether a checkpoint may be taken now; `save` must follow if so. */
  def reserve(): Boolean = writer.reserve()

  def save(fit: FitSnapshot, log: IterationLog): Unit = writer.write(checkpoint(fit, log, finished = false))

  /** Saves how the fit ended; returns when that is done. */
  def finish(fit: FitSnapshot, log: IterationLog): Unit =
    writer.writeLast(checkpoint(fit, log, finished = true))

  override def close(): Unit = writer.close()

  private def checkpoint(fit: FitSnapshot, log: IterationLog, finished: Boolean) = Checkpoint(
    fit,
    FitProgress(
      FitSettings(request),
      request.iters,
      partitions,
      seed,
      partitionRows,
      seconds,
      finished,
      log.sums
    ).toJson
  )

  private def find(): Option[FitProgress] = {
    store.clean()
    val newest = store.latest()
    val progress = newest.map(c => FitProgress.fromJson(c.job))
    progress.foreach(check)
    found = newest.map(_.fit)
    found match {
      case Some(fit) =>
        log.info(
          s"the fit goes on from ${CheckpointStore.nameOf(fit.store.version)} in ${plan.directory}$missing"
        )
      case None =>
        log.warn(
          s"resume is true, but ${plan.directory} has no checkpoint: training starts from the beginning"
        )
    }
    progress
  }

  private def missing: String = {
    val lost = Option.when(request.localSteps > 1)("the workers' own optimizers (localSteps)") ++
      Option.when(request.compression != "none")(s"what compression '${request.compression}' has left out")
    if (lost.isEmpty) "" else lost.mkString("; not kept, and so made anew: ", ", ", "")
  }

  private def check(progress: FitProgress): Unit = {
    val now = FitSettings(request)
    val settings = progress.settings
      .collect {
        case (name, before) if now(name) != before => s"$name was $before and is ${now(name)}"
      }
      .toSeq
      .sorted
    val seeds = request.seed.filter(_ != progress.seed).map(s => s"seed was ${progress.seed} and is $s")
    val iters = Option.when(
      request.iters < progress.iters || request.iters != progress.iters && request.partitionShuffles > 1
    )(
      s"iters was ${progress.iters} and is ${request.iters} (it may grow, if partitionShuffles is 1)"
    )
    val differences = settings ++ seeds ++ iters
    if (differences.nonEmpty)
      throw new IllegalArgumentException(
        s"the checkpoint in '${plan.directory}' is of a fit with other settings: ${differences.mkString("; ")}. $remedy${renamed(settings)}"
      )
  }

  // Keras counts the layers of a process: those of a model that is built again are called otherwise.
  private def renamed(differences: Seq[String]): String =
    if (differences.exists(_.startsWith("tensorflowGraph")))
      "; if the graph is of the same Keras model, built again in one process, call keras.utils.clear_session() before it is built, " +
        "or give its layers names"
    else ""

  private def refuse(): Unit =
    if (!store.isEmpty)
      throw new IllegalArgumentException(
        s"checkpointDir is '${plan.directory}', which has checkpoints of a fit already: set resume to true to go on from them, " +
          "or give another directory (or delete them) to start anew"
      )
}

private object FitCheckpoints {
  private val log = LoggerFactory.getLogger(classOf[FitCheckpoints])

  private val remedy =
    "To go on from it, train the same data with the same settings; otherwise set resume to false and another checkpointDir"
}
