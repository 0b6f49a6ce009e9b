package sparkflow.ps.optim

import sparkflow.Names

/** A learning rate that changes from update to update, equal step for step to Keras' schedules and to those of
  * `tensorflow.compat.v1.train`, which are the same.
  *
  * Options of every schedule: warmup_steps 0, the updates in which the rate rises in a straight line to where the
  * schedule begins, which then counts from there; warmup_start 0.0, the rate that it rises from.
  */
private[optim] abstract class Schedule(val name: String) {

  /** The options, in the order of Keras' constructor. */
  def settings: Seq[Setting[_]]

  /** The rate after so many updates.
    *
    * @param base the rate that it begins with
    */
  def create(base: Double, options: Options): Double => Double
}

object Schedule {
  private val schedules: Seq[Schedule] = Seq(
    Constant,
    ExponentialDecay,
    PiecewiseConstantDecay,
    PolynomialDecay,
    InverseTimeDecay,
    CosineDecay,
    CosineDecayRestarts
  )
  private val warmupSteps = new Number("warmup_steps", 0, Domain.notNegative)
  private val warmupStart = new Number("warmup_start", 0, Domain.notNegative)

  /** The schedules there are. */
  val names: Seq[String] = schedules.map(_.name)

  /** @param base   the rate that the schedule begins with
    * @param config "schedule", one of [[names]], and its options
    * @throws java.lang.IllegalArgumentException for an unknown schedule or option, or a value of the wrong type or out
    *   of range; the message names it and says what is allowed
    */
  def create(base: Float, config: Map[String, Any]): Rate = {
    val chosen = named(config.getOrElse("schedule", null))
    val set = config - "schedule"
    Options.checkNames(
      chosen.name,
      set.keys,
      chosen.settings.map(_.name) :+ warmupSteps.name :+ warmupStart.name
    )
    val options = new Options(chosen.name, set)
    val (steps, start) = (options(warmupSteps), options(warmupStart))
    val rate = chosen.create(base.toDouble, options)
    val begin = rate(0)
    t => {
      val step = (t - 1).toDouble
      (if (step < steps) start + (begin - start) * (step / steps) else rate(step - steps)).toFloat
    }
  }

  private def named(name: Any): Schedule = schedules.find(_.name == name).getOrElse {
    val said = if (name == null) "there is no \"schedule\" in it" else s"there is no schedule '$name'"
    throw new IllegalArgumentException(
      s"$said${Names.didYouMean(String.valueOf(name), names)}; choose one of ${names.mkString(", ")}"
    )
  }
}
