package sparkflow.params

import org.apache.spark.ml.param.{DoubleParam, IntParam, Params}

/** What becomes of gradients before they are pushed. */
trait GradientParams extends Params {

  final val clipNorm: DoubleParam = new DoubleParam(
    this,
    "clipNorm",
    "Most that the norm of a mini-batch's whole gradient may be, all variables together: a larger one is scaled down, as by" +
      " tf.clip_by_global_norm, in the worker, before it is pushed. 0 does not clip. At most one of clipNorm, " +
      "clipVariableNorm and clipValue.",
    GradientParams.bound("clipNorm")
  )

  final val clipVariableNorm: DoubleParam = new DoubleParam(
    this,
    "clipVariableNorm",
    "Most that the norm of a mini-batch's gradient for each single variable may be, as by tf.clip_by_norm. 0 does not clip.",
    GradientParams.bound("clipVariableNorm")
  )

  final val clipValue: DoubleParam = new DoubleParam(
    this,
    "clipValue",
    "Most that each element of a mini-batch's gradient may be above or below 0: what is beyond becomes that, as by " +
      "tf.clip_by_value. 0 does not clip.",
    GradientParams.bound("clipValue")
  )

  final val gradientAccumulationSteps: IntParam = new IntParam(
    this,
    "gradientAccumulationSteps",
    "Mini-batches on the same weights whose gradients a worker averages before it pushes, 1 or more: as one mini-batch of " +
      "so many times the rows, in the memory of one. Clipped is the mean; the iteration's end pushes what is left over. " +
      "Variables travel whole then, see sparseTables. Not with localSteps above 1.",
    Expect.atLeast("gradientAccumulationSteps", 1, "use 1 to push the gradient of every mini-batch")
  )

  setDefault(clipNorm -> 0.0, clipVariableNorm -> 0.0, clipValue -> 0.0, gradientAccumulationSteps -> 1)

  def getClipNorm: Double = $(clipNorm)

  def setClipNorm(value: Double): this.type = set(clipNorm, value)

  def getClipVariableNorm: Double = $(clipVariableNorm)

  def setClipVariableNorm(value: Double): this.type = set(clipVariableNorm, value)

  def getClipValue: Double = $(clipValue)

  def setClipValue(value: Double): this.type = set(clipValue, value)

  def getGradientAccumulationSteps: Int = $(gradientAccumulationSteps)

  def setGradientAccumulationSteps(value: Int): this.type = set(gradientAccumulationSteps, value)
}

private object GradientParams {
  private def bound(param: String): Double => Boolean =
    Expect[Double](param, "a finite number of 0 or more", "try 1.0, or 0 not to clip")(most =>
      most >= 0 && most < Double.PositiveInfinity
    )
}
