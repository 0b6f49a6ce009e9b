package sparkflow.params

import org.apache.spark.ml.param.{BooleanParam, DoubleParam, IntParam, Params}

/** How old the weights may be that a gradient was computed on, and what is done about it. */
trait StalenessParams extends Params {

  final val maxStaleness: IntParam = new IntParam(
    this,
    "maxStaleness",
    "In mode ssp, steps that a worker may be ahead of the slowest, 0 or more; 0 lets all take each step together. The other " +
      "modes ignore it.",
    Expect.atLeast("maxStaleness", 0, "use 0 to let no worker run ahead")
  )

  final val stalenessDecay: BooleanParam = new BooleanParam(
    this,
    "stalenessDecay",
    "Whether a gradient is divided by its staleness + 1 (DynSGD), staleness being the updates by others between the weights " +
      "that it was computed on and its own update. Not in mode sync, where there are none."
  )

  final val delayCompensation: DoubleParam = new DoubleParam(
    this,
    "delayCompensation",
    "The factor c of delay compensation (DC-ASGD), 0 or more: a gradient g becomes g + c * g * g * (w - v), elementwise, where w " +
      "are the weights now and v those that it was computed on; 0 leaves it as it is. Tables travel whole then. Not in mode " +
      "sync, where w is v, nor with localSteps above 1 or compression.",
    Expect[Double]("delayCompensation", "a finite number, 0 or more", "use 0 to leave gradients as they are")(
      c => c >= 0 && !c.isInfinite
    )
  )

  setDefault(maxStaleness -> 8, stalenessDecay -> false, delayCompensation -> 0.0)

  def getMaxStaleness: Int = $(maxStaleness)

  def setMaxStaleness(value: Int): this.type = set(maxStaleness, value)

  def getStalenessDecay: Boolean = $(stalenessDecay)

  def setStalenessDecay(value: Boolean): this.type = set(stalenessDecay, value)

  def getDelayCompensation: Double = $(delayCompensation)

  def setDelayCompensation(value: Double): this.type = set(delayCompensation, value)
}
