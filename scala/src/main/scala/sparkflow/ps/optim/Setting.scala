package sparkflow.ps.optim

/** An option of an optimizer, by the name that TensorFlow's constructor gives it. */
private[optim] sealed abstract class Setting[A](val name: String) {

  /** Null if there is none, and a value must be given. */
  def default: Any

  /** The values it takes, in words that follow "must be". */
  def expected: String

  /** The value as the rule computes with it, or nothing when it is none of those expected. */
  def read(value: Any): Option[A]
}

/** A number. It is judged after rounding to float32: 0.999999999 is 1 to the rule that gets it. */
private[optim] final class Number(name: String, val default: Any, domain: Domain)
    extends Setting[Float](name) {
  def expected: String = s"${domain.words} (as a 32-bit float)"

  def read(value: Any): Option[Float] = value match {
    // Also Scala's BigInt and BigDecimal, which is what JSON readers give.
    case n: java.lang.Number =>
      Some(n.doubleValue.toFloat).filter(f => java.lang.Float.isFinite(f) && domain.allows(f))
    case _ => None
  }
}

/** As many numbers as there are, one at least; judged as a [[Number]] is. */
private[optim] final class Numbers(name: String, domain: Domain) extends Setting[Seq[Float]](name) {
  private val one = new Number(name, null, domain)

  def default: Any = null

  def expected: String = s"a list, with each element ${one.expected}"

  def read(value: Any): Option[Seq[Float]] = value match {
    case many: Iterable[_] =>
      val numbers = many.toSeq.map(one.read)
      Option.when(numbers.nonEmpty && numbers.forall(_.isDefined))(numbers.flatten)
    case _ => None
  }
}

/** True or false; 0 and 1 are not taken for them, as that is more often a slip in the option's name. */
private[optim] final class Flag(name: String, val default: Boolean) extends Setting[Boolean](name) {
  def expected: String = "true or false"

  def read(value: Any): Option[Boolean] = Some(value).collect { case b: Boolean => b }
}

/** What a [[Number]] may be, besides finite. */
private[optim] final class Domain(val words: String, val allows: Float => Boolean)

private[optim] object Domain {
  val positive = new Domain("a finite number > 0", _ > 0f)
  val notNegative = new Domain("a finite number >= 0", _ >= 0f)
  val atLeastOne = new Domain("a finite number >= 1", _ >= 1f)
  val notPositive = new Domain("a finite number <= 0", _ <= 0f)

  /** A decay that is divided by `1 − decay` somewhere. */
  val belowOne = new Domain("a number in [0, 1)", f => f >= 0f && f < 1f)

  /** Any other decay; at 1 the average stays at its start. */
  val fraction = new Domain("a number in [0, 1]", f => f >= 0f && f <= 1f)

  /** Asynchronous workers act like momentum of their own (Mitliagkas et al. 2016, "Asynchrony begets
    * momentum"), so a negative one, which takes some of it back, makes sense here. Beyond 1 in size, the
    * steps grow without end.
    */
  val momentum = new Domain("a number in [-1, 1]", f => f >= -1f && f <= 1f)
}
