package sparkflow.params

import org.apache.spark.ml.param.{BooleanParam, IntParam, LongParam, Params}

/** The loop that each worker runs over its partition. */
trait TrainingParams extends Params {

  final val iters: IntParam = new IntParam(
    this,
    "iters",
    "Number of iterations that each partition trains, 1 or more; miniBatchSize and miniStochasticIters say what " +
      "an iteration is.",
    Expect.atLeast("iters", 1, "train at least one iteration")
  )

  final val partitions: IntParam = new IntParam(
    this,
    "partitions",
    "Most partitions to train on, 1 or more; each has one worker. Data in fewer partitions stay as they are.",
    Expect.atLeast("partitions", 1, "use one partition for each worker")
  )

  final val miniBatchSize: IntParam = new IntParam(
    this,
    "miniBatchSize",
    "Rows in a mini-batch, 1 or more; -1 trains on all rows of the partition at once.",
    Expect.minusOneOrPositive("miniBatchSize", "give the rows of a mini-batch, or -1 for all rows at once")
  )

  final val miniStochasticIters: IntParam = new IntParam(
    this,
    "miniStochasticIters",
    "Random mini-batches in an iteration, 1 or more; -1 goes through all rows of the partition in mini-batches.",
    Expect.minusOneOrPositive(
      "miniStochasticIters",
      "give the random mini-batches of an iteration, or -1 to go through all rows"
    )
  )

  final val shufflePerIter: BooleanParam = new BooleanParam(
    this,
    "shufflePerIter",
    "Whether a worker shuffles its rows before each iteration."
  )

  final val partitionShuffles: IntParam = new IntParam(
    this,
    "partitionShuffles",
    "Number of times that all iterations are run, 1 or more, with the rows shuffled across partitions in between.",
    Expect.atLeast("partitionShuffles", 1, "use 1 to train without shuffling rows across partitions")
  )

  final val seed: LongParam = new LongParam(
    this,
    "seed",
    "Seed of the initial weights, the shuffling and dropout. Not set: each fit draws its own."
  )

  final val verbose: IntParam = new IntParam(
    this,
    "verbose",
    "How much fit tells while it trains, 0 or more: 0 is silent, 1 shows a progress line a second, 2 one for every report.",
    Expect.atLeast("verbose", 0, "use 0 to be silent or 1 for progress lines")
  )

  setDefault(
    iters -> 1000,
    partitions -> 5,
    miniBatchSize -> 128,
    miniStochasticIters -> -1,
    shufflePerIter -> true,
    partitionShuffles -> 1,
    verbose -> 0
  )

  def getIters: Int = $(iters)

  def setIters(value: Int): this.type = set(iters, value)

  def getPartitions: Int = $(partitions)

  def setPartitions(value: Int): this.type = set(partitions, value)

  def getMiniBatchSize: Int = $(miniBatchSize)

  def setMiniBatchSize(value: Int): this.type = set(miniBatchSize, value)

  def getMiniStochasticIters: Int = $(miniStochasticIters)

  def setMiniStochasticIters(value: Int): this.type = set(miniStochasticIters, value)

  def getShufflePerIter: Boolean = $(shufflePerIter)

  def setShufflePerIter(value: Boolean): this.type = set(shufflePerIter, value)

  def getPartitionShuffles: Int = $(partitionShuffles)

  def setPartitionShuffles(value: Int): this.type = set(partitionShuffles, value)

  def getSeed: Long = $(seed)

  def setSeed(value: Long): this.type = set(seed, value)

  def getVerbose: Int = $(verbose)

  def setVerbose(value: Int): this.type = set(verbose, value)
}
