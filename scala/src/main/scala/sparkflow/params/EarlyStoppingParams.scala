package sparkflow.params

import org.apache.spark.ml.param.{BooleanParam, DoubleParam, IntParam, Params}

/** When a fit ends before its iterations are done, and whether it gives the last weights or the best. */
trait EarlyStoppingParams extends Params {

  final val earlyStoppingPatience: IntParam = new IntParam(
    this,
    "earlyStoppingPatience",
    "Iterations without improvement after which the fit ends: of the validation loss if rows are held out, otherwise of " +
      "the training loss. 0 never ends it early. All workers must run at once.",
    Expect.atLeast(
      "earlyStoppingPatience",
      0,
      "give the iterations to wait for an improvement, or 0 to wait for ever"
    )
  )

  final val earlyStoppingMinDelta: DoubleParam = new DoubleParam(
    this,
    "earlyStoppingMinDelta",
    "By how much a loss must be below the best one before to be an improvement, 0 or more.",
    Expect.apply[Double](
      "earlyStoppingMinDelta",
      "a number of 0 or more",
      "use 0 to count any lower loss as an improvement"
    )(d => d >= 0 && !d.isInfinite)
  )

  final val restoreBest: BooleanParam = new BooleanParam(
    this,
    "restoreBest",
    "Whether the model gets the weights of the last improvement, also where the fit does not end early, instead of the last " +
      "ones. The driver holds a copy of the model for it. All workers must run at once."
  )

  setDefault(earlyStoppingPatience -> 0, earlyStoppingMinDelta -> 0.0, restoreBest -> false)

  def getEarlyStoppingPatience: Int = $(earlyStoppingPatience)

  def setEarlyStoppingPatience(value: Int): this.type = set(earlyStoppingPatience, value)

  def getEarlyStoppingMinDelta: Double = $(earlyStoppingMinDelta)

  def setEarlyStoppingMinDelta(value: Double): this.type = set(earlyStoppingMinDelta, value)

  def getRestoreBest: Boolean = $(restoreBest)

  def setRestoreBest(value: Boolean): this.type = set(restoreBest, value)
}
