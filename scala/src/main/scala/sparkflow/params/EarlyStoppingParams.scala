package sparkflow.params

import org.apache.spark.ml.param.{BooleanParam, DoubleParam, IntParam, Param, Params}

/** When a fit ends before its iterations are done, and whether it gives the last weights or the best. */
trait EarlyStoppingParams extends Params {

  final val earlyStoppingPatience: IntParam = new IntParam(
    this,
    "earlyStoppingPatience",
    "Iterations without improvement, of what monitor says, after which the fit ends. 0 never ends it early. All workers must " +
      "run at once.",
    Expect.atLeast(
      "earlyStoppingPatience",
      0,
      "give the iterations to wait for an improvement, or 0 to wait for ever"
    )
  )

  final val earlyStoppingMinDelta: DoubleParam = new DoubleParam(
    this,
    "earlyStoppingMinDelta",
    "By how much it must be better than the best one before to be an improvement, 0 or more.",
    Expect.apply[Double](
      "earlyStoppingMinDelta",
      "a number of 0 or more",
      "use 0 to count anything better as an improvement"
    )(d => d >= 0 && !d.isInfinite)
  )

  final val restoreBest: BooleanParam = new BooleanParam(
    this,
    "restoreBest",
    "Whether the model gets the weights of the last improvement, also where the fit does not end early, instead of the last " +
      "ones. The driver holds a copy of the model for it. All workers must run at once."
  )

  final val monitor: Param[String] = new Param[String](
    this,
    "monitor",
    "What must improve for early stopping and restoreBest: loss (the validation loss if rows are held out, otherwise the " +
      "training loss), or the name of a metric of the validation.",
    Expect.name("monitor", "loss or the name of a metric", "use 'loss'")
  )

  final val monitorMode: Param[String] = new Param[String](
    this,
    "monitorMode",
    "Whether that is better when it is higher: max, min, or auto, which tells by the name (accuracy, auc, …: max; loss, " +
      "error, …: min).",
    Expect[String]("monitorMode", "'auto', 'min' or 'max'", "use 'auto'")(Seq("auto", "min", "max").contains)
  )

  setDefault(
    earlyStoppingPatience -> 0,
    earlyStoppingMinDelta -> 0.0,
    restoreBest -> false,
    monitor -> "loss",
    monitorMode -> "auto"
  )

  def getMonitor: String = $(monitor)

  def setMonitor(value: String): this.type = set(monitor, value)

  def getMonitorMode: String = $(monitorMode)

  def setMonitorMode(value: String): this.type = set(monitorMode, value)

  def getEarlyStoppingPatience: Int = $(earlyStoppingPatience)

  def setEarlyStoppingPatience(value: Int): this.type = set(earlyStoppingPatience, value)

  def getEarlyStoppingMinDelta: Double = $(earlyStoppingMinDelta)

  def setEarlyStoppingMinDelta(value: Double): this.type = set(earlyStoppingMinDelta, value)

  def getRestoreBest: Boolean = $(restoreBest)

  def setRestoreBest(value: Boolean): this.type = set(restoreBest, value)
}
