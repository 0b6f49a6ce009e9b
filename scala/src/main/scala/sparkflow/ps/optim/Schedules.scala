package sparkflow.ps.optim

/** The rate stays; for a warm-up alone. */
private[optim] object Constant extends Schedule("constant") {
  val settings = Nil

  def create(base: Double, options: Options): Double => Double = _ => base
}

/** `rate = base · decay_rate ^ (step / decay_steps)`; the exponent is rounded down if staircase.
  *
  * Options: decay_steps (> 0), decay_rate (> 0), staircase false.
  */
private[optim] object ExponentialDecay extends Schedule("exponential_decay") {
  private val steps = new Number("decay_steps", null, Domain.positive)
  private val decay = new Number("decay_rate", null, Domain.positive)
  private val staircase = new Flag("staircase", false)
  val settings = Seq(steps, decay, staircase)

  def create(base: Double, options: Options): Double => Double = {
    val (length, factor, stairs) = (options(steps), options(decay).toDouble, options(staircase))
    step => {
      val passed = step / length
      base * Math.pow(factor, if (stairs) Math.floor(passed) else passed)
    }
  }
}

/** `rate = values(i)`, with i the boundaries that are less than step. The first value takes the place of the base.
  *
  * Options: boundaries (growing, >= 0), values (> 0, one more than boundaries).
  */
private[optim] object PiecewiseConstantDecay extends Schedule("piecewise_constant_decay") {
  private val boundaries = new Numbers("boundaries", Domain.notNegative)
  private val values = new Numbers("values", Domain.positive)
  val settings = Seq(boundaries, values)

  def create(base: Double, options: Options): Double => Double = {
    val (ends, rates) = (options(boundaries), options(values))
    if (rates.size != ends.size + 1)
      throw new IllegalArgumentException(
        s"$name: values has ${rates.size} element(s), but with ${ends.size} boundaries must have ${ends.size + 1}"
      )
    if (ends.zip(ends.drop(1)).exists { case (one, next) => one >= next })
      throw new IllegalArgumentException(
        s"$name: boundaries is ${ends.mkString("[", ", ", "]")}, but each must be more than the one before"
      )
    step => rates(ends.count(_ < step)).toDouble
  }
}

/** `rate = (base − end) · (1 − step / decay_steps) ^ power + end`, and `end` afterwards; with cycle, decay_steps is
  * instead its smallest multiple that step has not passed.
  *
  * Options: decay_steps (> 0), end_learning_rate 0.0001 (>= 0), power 1.0 (>= 0), cycle false.
  */
private[optim] object PolynomialDecay extends Schedule("polynomial_decay") {
  private val steps = new Number("decay_steps", null, Domain.positive)
  private val end = new Number("end_learning_rate", 1e-4, Domain.notNegative)
  private val power = new Number("power", 1.0, Domain.notNegative)
  private val cycle = new Flag("cycle", false)
  val settings = Seq(steps, end, power, cycle)

  def create(base: Double, options: Options): Double => Double = {
    val (length, last, exponent) = (options(steps).toDouble, options(end), options(power).toDouble)
    val again = options(cycle)
    step => {
      val whole = if (again) length * Math.max(1.0, Math.ceil(step / length)) else length
      (base - last) * Math.pow(1 - Math.min(step, whole) / whole, exponent) + last
    }
  }
}

/** `rate = base / (1 + decay_rate · step / decay_steps)`; the quotient is rounded down if staircase.
  *
  * Options: decay_steps (> 0), decay_rate (>= 0), staircase false.
  */
private[optim] object InverseTimeDecay extends Schedule("inverse_time_decay") {
  private val steps = new Number("decay_steps", null, Domain.positive)
  private val decay = new Number("decay_rate", null, Domain.notNegative)
  private val staircase = new Flag("staircase", false)
  val settings = Seq(steps, decay, staircase)

  def create(base: Double, options: Options): Double => Double = {
    val (length, factor, stairs) = (options(steps), options(decay), options(staircase))
    step => {
      val passed = step / length
      base / (1 + factor * (if (stairs) Math.floor(passed) else passed))
    }
  }
}

/** `rate = base · ((1 − alpha) · (1 + cos(π · step / decay_steps)) / 2 + alpha)`, and `base · alpha` afterwards.
  *
  * Source: Loshchilov and Hutter 2017 (arXiv:1608.03983), without restarts.
  *
  * Options: decay_steps (> 0), alpha 0.0 (in [0, 1]).
  */
private[optim] object CosineDecay extends Schedule("cosine_decay") {
  private val steps = new Number("decay_steps", null, Domain.positive)
  private val alpha = new Number("alpha", 0.0, Domain.fraction)
  val settings = Seq(steps, alpha)

  def create(base: Double, options: Options): Double => Double = {
    val (length, least) = (options(steps).toDouble, options(alpha))
    step => base * down(Math.min(step, length) / length, 1, least)
  }

  /** From `top` at 0 to `least` at 1. */
  def down(passed: Double, top: Double, least: Float): Double =
    (1 - least) * 0.5 * top * (1 + Math.cos(Math.PI * passed)) + least
}

/** [[CosineDecay]] again and again: each time t_mul as long as the time before, and from m_mul of the rate.
  *
  * Source: Loshchilov and Hutter 2017 (arXiv:1608.03983), section 3.
  *
  * Options: first_decay_steps (> 0), t_mul 2.0 (>= 1), m_mul 1.0 (>= 0), alpha 0.0 (in [0, 1]).
  */
private[optim] object CosineDecayRestarts extends Schedule("cosine_decay_restarts") {
  private val steps = new Number("first_decay_steps", null, Domain.positive)
  private val longer = new Number("t_mul", 2.0, Domain.atLeastOne)
  private val lower = new Number("m_mul", 1.0, Domain.notNegative)
  private val alpha = new Number("alpha", 0.0, Domain.fraction)
  val settings = Seq(steps, longer, lower, alpha)

  def create(base: Double, options: Options): Double => Double = {
    val (first, growth, factor) = (options(steps).toDouble, options(longer).toDouble, options(lower).toDouble)
    val least = options(alpha)
    step => {
      val passed = step / first // in units of the first
      // Rounding must not put the first step of a period at the end of the one before.
      val period =
        if (growth == 1) Math.floor(passed)
        else Math.floor(Math.log(1 + passed * (growth - 1)) / Math.log(growth) + 1e-9)
      val begin = if (growth == 1) period else (Math.pow(growth, period) - 1) / (growth - 1)
      val within = Math.max(0.0, (passed - begin) / Math.pow(growth, period))
      base * CosineDecay.down(within, Math.pow(factor, period), least)
    }
  }
}
