package sparkflow.job

import java.security.SecureRandom
import java.util.UUID

import scala.concurrent.duration._
import scala.util.control.NonFatal

import org.apache.spark.sql.{DataFrame, Dataset, Row}
import org.apache.spark.sql.functions.{col, rand}
import org.apache.spark.sql.internal.SQLConf
import org.apache.spark.sql.sparkflow.PythonBridge
import org.apache.spark.sql.types._

import sparkflow.ps.{ParameterServer, ServerConfig}
import sparkflow.ps.auth.{FitCertificate, JobSecret}
import sparkflow.ps.store.ModelState

/** One fit: starts the parameter server on the driver, runs the workers as a Spark job, and gives back what the server
  * then holds.
  */
object TrainJob {

  /** Every check that needs no Spark job.
    *
    * @throws IllegalArgumentException naming the value, what was expected and the remedy
    */
  def check(schema: StructType, request: TrainRequest): Unit = TrainChecks(schema, request)

  /** Trains on a request that `check` let pass; returns when all iterations are done.
    *
    * The server's port and threads are gone when this returns or throws; the SparkSession stays usable.
    *
    * @throws TrainingException if the fit fails after it began
    */
  def run(dataset: Dataset[_], request: TrainRequest, listener: Option[FitListener]): TrainResult = {
    val sc = dataset.sparkSession.sparkContext
    val encryption = Encryption(sc.getConf)
    encryption.check(request.spillLimit)
    val certificate = encryption.wire.map(_ => FitCertificate.make())
    val conf = dataset.sparkSession.sessionState.newHadoopConf()
    val checkpoints = request.checkpoint.map(new FitCheckpoints(_, request, conf))
    val resumed = checkpoints.flatMap(_.resumed)
    val seed = resumed.map(_.seed).orElse(request.seed).getOrElse(new SecureRandom().nextLong())
    checkpoints.foreach(_.seeded(seed))
    val tag = s"sparkflow-fit-${UUID.randomUUID()}"
    val events = new FitEvents(
      request.iters * request.partitionShuffles,
      request.verbose,
      checkpoints,
      listener,
      cancel = reason => sc.cancelJobsWithTag(tag, reason),
      // Its attempt at a partition is a worker's task. No interrupt: Spark ends the Python process, whatever it does.
      kill = (attempt, reason) => sc.killTaskAttempt(attempt, interruptThread = false, reason),
      mostLosses = sc.getConf.getInt("spark.task.maxFailures", 4)
    )
    val secret = JobSecret.random()
    // Workers reach the driver by spark.driver.host; the server listens where Spark itself does.
    val host = sc.getConf.get("spark.driver.host")
    val config = ServerConfig(
      host = sc.getConf.get("spark.driver.bindAddress", host),
      port = request.port,
      mode = request.mode,
      maxStaleness = request.maxStaleness,
      stalenessDecay = request.stalenessDecay,
      delayCompensation = request.delayCompensation,
      validation = request.validates,
      stopping = request.stopping,
      optimizer = TrainChecks.optimizer(request),
      secret = secret,
      certificate = certificate,
      initial = request.initial,
      snapshotEvery = request.checkpoint.fold(0)(_.interval),
      sharedMemory = if (request.transport == "tcp") None else ServerConfig.sharedMemory,
      workerTimeout = request.workerTimeout.seconds,
      waitTimeout = request.waitTimeout.seconds
    )
    val server = new ParameterServer(config, events)
    val slots = TaskSlots(sc)
    val begin = System.nanoTime()
    sc.addJobTag(tag)
    try {
      val address = ServerAddress(host, server.start(checkpoints.flatMap(_.take())), secret, certificate)
      val threads = PythonWorker.threads(sc)
      val data = packed(dataset, request, seed)
      val rounds = (checkpoints.fold(0)(_.firstRound) until request.partitionShuffles).iterator
      val rows = rounds
        .takeWhile(_ => !server.stoppedEarly)
        .map { round =>
          events.check()
          val spec = TrainSpec(address, round, request, seed, threads)
          val rows = runRound(shuffled(data, round, seed), spec, server, slots, checkpoints)
          if (rows.sum == 0)
            throw new IllegalArgumentException("the DataFrame is empty: there is no row to train on")
          checkpoints.foreach(_.trained(rows))
          rows
        }
        .toVector
      server.close()
      events.end()
      val last = if (checkpoints.isDefined) server.snapshot() else None
      val state = server
        .result()
        .getOrElse(throw new TrainingException("the fit ended without weights: no worker made any", null))
      requireFinite(state)
      for (checkpoints <- checkpoints; snapshot <- last) checkpoints.finish(snapshot, events.log)
      TrainResult(
        state,
        seed,
        TrainHistory(
          request.mode,
          events.log.iterations,
          server.counts,
          checkpoints.fold((System.nanoTime() - begin) / 1e9)(_.seconds),
          resumed.map(_.partitionRows).filter(_.nonEmpty).getOrElse(rows.head),
          server.stoppedEarly,
          server.bestIteration,
          checkpoints.fold(0L)(_.steps),
          checkpoints.fold(0)(_.written),
          checkpoints.fold(0)(_.failed)
        )
      )
    } catch {
      case e: TrainingException        => throw e
      case e: IllegalArgumentException => throw e
      case e: InterruptedException     => throw e
      case NonFatal(e) =>
        throw new TrainingException(events.failure.orElse(server.failure).getOrElse(FailureMessage.of(e)), e)
    } finally {
      slots.close()
      sc.removeJobTag(tag)
      server.close()
      checkpoints.foreach(_.close())
    }
  }

  private def packed(dataset: Dataset[_], request: TrainRequest, seed: Long): DataFrame = {
    val columns = request.columns.map { fed =>
      val dataType = dataset.schema(fed.column).dataType
      FedColumn(PackedColumn.named(dataset, fed.column), dataType, request.graphInfo, fed).as(fed.name)
    }
    val heldOut = HeldOut.column(dataset, request, seed).map(_.as("validation"))
    dataset.select(columns ++ heldOut: _*).coalesce(request.partitions)
  }

  // The first round takes the rows as they lie; each further one throws them into random partitions.
  private def shuffled(data: DataFrame, round: Int, seed: Long): DataFrame =
    if (round == 0) data
    else {
      val partitions = data.rdd.getNumPartitions
      data.withColumn("key", rand(seed + round)).repartition(partitions, col("key")).drop("key")
    }

  /** @return the rows of each partition */
  private def runRound(
      data: DataFrame,
      spec: TrainSpec,
      server: ParameterServer,
      slots: TaskSlots,
      checkpoints: Option[FitCheckpoints]
  ): Seq[Long] = {
    val function =
      PythonWorker.function(data.sparkSession, "sparkflow.worker.train", "Train", spec.toJson, workerResult)
    val trained = PythonBridge.mapInArrow(data, function, "sparkflow_train", workerResult)
    val request = spec.request
    if (request.together || request.validates || request.stopping.isDefined || checkpoints.isDefined) {
      val workers = PythonBridge.partitions(trained)
      checkpoints.foreach(_.round(workers))
      TaskSlots.needOf(request).foreach(slots.take(_, workers))
      server.begin(spec.round, workers)
    }
    val results = collect(trained)
    val messages = results.flatMap(row => Option(row.getAs[String]("message")))
    messages.headOption.filterNot(_ => server.stoppedEarly).foreach { why =>
      throw new TrainingException(s"a worker ended before its iterations were done: $why", null)
    }
    results.sortBy(_.getAs[Int]("partition")).map(_.getAs[Long]("rows")).toSeq
  }

  // Arrow batches take about `batchBytes`, unless the session says how much: the tasks read the setting from the job's
  // properties.
  private def collect(data: DataFrame): Array[Row] = {
    val context = data.sparkSession.sparkContext
    val key = SQLConf.ARROW_EXECUTION_MAX_BYTES_PER_BATCH.key
    val before = context.getLocalProperty(key)
    context.setLocalProperty(key, batchBytes.toString)
    try data.collect()
    finally context.setLocalProperty(key, before)
  }

  // Of rows on their way to a worker, which holds a few such batches. Spark's 64 MB are slower, too: no cache holds them.
  private val batchBytes = 4L << 20

  private val workerResult = new StructType()
    .add("partition", IntegerType)
    .add("rows", LongType)
    .add("steps", LongType)
    .add("message", StringType)

  private def requireFinite(state: ModelState): Unit =
    for (bad <- ModelState.notFinite(state.weights))
      throw new TrainingException(
        s"the last update left a weight that is $bad: lower tfLearningRate, or look for unscaled values in the features",
        null
      )
}
