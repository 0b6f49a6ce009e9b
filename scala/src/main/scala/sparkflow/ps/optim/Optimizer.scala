package sparkflow.ps.optim

import sparkflow.Names

/** One array of optimizer state, as long as the weights.
  *
  * @param name TensorFlow's name of the slot
  * @param initial what every element starts at
  */
final case class Slot(name: String, initial: Float)

/** A rule that turns a gradient into new weights, equal step for step to `tensorflow.compat.v1.train` or to Keras 3.
  *
  * An instance holds only constants: all that changes is in the weights, the slots and `t`, which the caller
  * owns. So one instance may be used by any number of threads at once. Every rule but a [[Layerwise]] one works on
  * each element alone, so a step may be cut in ranges in any way, with the same result.
  */
abstract class Optimizer {

  /** The name that [[Optimizer.create]] knows it by. */
  def name: String

  /** The state it needs, in the order in which `step` takes it; empty for a rule with no memory. */
  def slots: Seq[Slot]

  /** What rows do in steps that have no gradient for them; None when they stay as they are. */
  def idle: Option[Idle] = None

  /** Updates `weights` and `slots` in place in `[from, until)`; nothing else is touched, `gradient` is only
    * read.
    *
    * Nothing is locked here: when two threads step on one range at a time (Hogwild), some of their updates to
    * single elements may be lost, as is meant there.
    *
    * @param weights the flat weights
    * @param gradient element i belongs to element i of the weights
    * @param slots one array for each of [[slots]], as long as the weights
    * @param from first index, inclusive
    * @param until last index, exclusive; at most the length of each array
    * @param t which update this is, counted from 1
    */
  def step(
      weights: Array[Float],
      gradient: Array[Float],
      slots: Array[Array[Float]],
      from: Int,
      until: Int,
      t: Long
  ): Unit
}

object Optimizer {
  private val families: Seq[Family] = Seq(
    Adam,
    RmsProp,
    Momentum,
    Adadelta,
    Adagrad,
    GradientDescent,
    AdagradDa,
    Ftrl,
    ProximalAdagrad,
    ProximalGradientDescent,
    AdamW,
    KerasRmsProp,
    KerasMomentum,
    Nadam,
    Lion,
    Lamb
  )

  /** The optimizers there are. */
  val names: Seq[String] = families.map(_.name)

  /** Those that `tensorflow.compat.v1.train` has, so that a TensorFlow session can take their steps; the others are
    * those of Keras.
    */
  val ofTensorFlow: Seq[String] = families.filter(_.ofTensorFlow).map(_.name)

  /** Those whose step of an element depends on the whole variable: it cannot be taken by rows. */
  val layerwise: Seq[String] = families.filter(_.isLayerwise).map(_.name)

  /** The options that an optimizer takes besides learning_rate, in TensorFlow's order, each with the default
    * that it has here: TensorFlow's own, and 0.9 for momentum's momentum, which has none there.
    *
    * @throws java.lang.IllegalArgumentException for an unknown name
    */
  def defaults(name: String): Seq[(String, Any)] = family(name).settings.map(s => s.name -> s.default)

  /** The optimizer of this name.
    *
    * @param name one of [[names]]
    * @param learningRate used unless the options have a "learning_rate"
    * @param options named as in TensorFlow's constructor; numbers may be of any numeric type, switches are
    *   Boolean, and null is as good as not given. TensorFlow's "name" and "use_locking" are accepted and mean
    *   nothing.
    * @param schedule of the learning rate, as [[Schedule.create]] takes it; None for a rate that stays
    * @throws java.lang.IllegalArgumentException for an unknown optimizer or option, or a value of the wrong
    *   type or out of range; the message names it and says what is allowed
    */
  def create(
      name: String,
      learningRate: Double,
      options: Map[String, Any],
      schedule: Option[Map[String, Any]] = None
  ): Optimizer = {
    val chosen = family(name)
    val checked = new Options(name, canonical(chosen, options))
    // TensorFlow takes any rate. Here a rate of 0 would let a whole job run and learn nothing, a negative one
    // climbs the loss, FTRL divides by it, and NaN would spread over all weights with the first update.
    val rate = checked(new Number("learning_rate", learningRate, Domain.positive))
    chosen.create(schedule.fold(Rate.constant(rate))(Schedule.create(rate, _)), checked)
  }

  /** All options of an optimizer with their values, learning_rate among them, named as in TensorFlow's constructor;
    * takes and refuses what `create` does.
    */
  def options(name: String, learningRate: Double, set: Map[String, Any]): Seq[(String, Any)] = {
    create(name, learningRate, set)
    val chosen = family(name)
    val values = canonical(chosen, set).filter(_._2 != null)
    ("learning_rate" -> learningRate) +: chosen.settings.map(s => s.name -> s.default) map {
      case (option, default) =>
        option -> values.getOrElse(option, default)
    }
  }

  /** The options for workers that push without waiting for each other (see [[SecondMoment]]): a default, set or not, that is
    * right for one worker has something else in its place.
    *
    * @param workers at most so many at once
    */
  def asynchronous(name: String, options: Map[String, Any], workers: Int): Map[String, Any] = {
    val chosen = family(name)
    val aliases = chosen.aliases.collect { case (alias, SecondMoment.option) => alias }
    val key = aliases.find(options.get(_).exists(_ != null)).getOrElse(SecondMoment.option)
    val isDefault = options.get(key).forall(value => value == null || value == SecondMoment.default)
    if (chosen.hasSecondMoment && isDefault) options + (key -> SecondMoment.beta2(workers)) else options
  }

  private def family(name: String): Family = families.find(_.name == name).getOrElse {
    throw new IllegalArgumentException(
      s"there is no optimizer '$name'${Names.didYouMean(name, names)}; choose one of ${names.mkString(", ")}"
    )
  }

  /** The options by their own names, once it is sure that the family knows all of them. */
  private def canonical(family: Family, options: Map[String, Any]): Map[String, Any] = {
    val takes = "learning_rate" +: family.settings.map(_.name)
    Options.checkNames(family.name, options.keys, takes, family.ignored ++ family.aliases.keys)
    family.aliases
      .find { case (alias, option) => options.contains(alias) && options.contains(option) }
      .foreach { case (alias, option) =>
        throw new IllegalArgumentException(
          s"${family.name}: '$alias' and '$option' are the same option; give one of them"
        )
      }
    options.map { case (option, value) => family.aliases.getOrElse(option, option) -> value }
  }
}
