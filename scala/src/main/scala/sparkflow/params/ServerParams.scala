package sparkflow.params

import org.apache.spark.ml.param.{BooleanParam, IntParam, Param, Params}

import sparkflow.Names

/** How the parameter server keeps the weights consistent, and where it listens. */
trait ServerParams extends Params {

  final val mode: Param[String] = new Param[String](
    this,
    "mode",
    "How workers share the weights: hogwild (no lock, workers read and write as they come), locked (updates are atomic and " +
      "ordered), ssp (locked, and no worker runs more than maxStaleness steps ahead of the slowest) or sync (the gradients of " +
      "all workers are averaged in each step; the same seed and partitions give the same model, to the bit). ssp and sync need " +
      "a free task slot for each partition.",
    ServerParams.isMode _
  )

  final val acquireLock: BooleanParam = new BooleanParam(
    this,
    "acquireLock",
    "Whether each update takes a lock: true is the same as mode locked, false as mode hogwild."
  )

  final val port: IntParam = new IntParam(
    this,
    "port",
    "Port of the parameter server on the driver, 1024 to 65535; 0 takes any free port.",
    Expect[Int]("port", "0, or 1024 to 65535", "use 0 for any free port")(p =>
      p == 0 || (p >= 1024 && p <= 65535)
    )
  )

  setDefault(mode -> "hogwild", acquireLock -> false, port -> 0)

  def getMode: String = $(mode)

  def setMode(value: String): this.type = set(mode, value)

  def getAcquireLock: Boolean = $(acquireLock)

  def setAcquireLock(value: Boolean): this.type = set(acquireLock, value)

  def getPort: Int = $(port)

  def setPort(value: Int): this.type = set(port, value)

  /** The mode that `mode` and `acquireLock` ask for together.
    *
    * @throws IllegalArgumentException if both are set and contradict each other
    */
  private[sparkflow] def consistency: String = {
    val asked = if ($(acquireLock)) "locked" else "hogwild"
    if (isSet(mode) && isSet(acquireLock) && $(mode) != asked)
      throw new IllegalArgumentException(
        s"mode is '${$(mode)}' but acquireLock is ${$(acquireLock)}, which means mode '$asked': set only one of the two"
      )
    if (isSet(mode) || ! $(acquireLock)) $(mode) else asked
  }
}

private object ServerParams {
  private val modes = Seq("hogwild", "locked", "ssp", "sync")

  private def isMode(value: String): Boolean = {
    val guess = Option(value).fold("")(Names.didYouMean(_, modes))
    val remedy = "use 'sync' for a model that can be made again, otherwise 'hogwild'"
    Expect[String]("mode", s"'hogwild', 'locked', 'ssp' or 'sync'$guess", remedy)(modes.contains)(value)
  }
}
