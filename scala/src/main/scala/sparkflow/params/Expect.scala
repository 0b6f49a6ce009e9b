package sparkflow.params

/** Validators that say what is wrong; Spark's own message is only that a value is invalid.
  *
  * Spark asks a validator for true or false whenever a param is set, in whichever way. These give true, or throw
  * IllegalArgumentException with the param, its value, what was expected and what to do.
  */
private[params] object Expect {

  def apply[T](param: String, expected: String, remedy: String)(valid: T => Boolean): T => Boolean =
    value => {
      if (!valid(value))
        throw new IllegalArgumentException(s"$param is ${show(value)}, expected $expected: $remedy")
      true
    }

  def atLeast(param: String, least: Int, remedy: String): Int => Boolean =
    apply[Int](param, s"$least or more", remedy)(_ >= least)

  /** For counts where -1 stands for "all" and 0 has no meaning. */
  def minusOneOrPositive(param: String, remedy: String): Int => Boolean =
    apply[Int](param, "-1, or 1 or more", remedy)(n => n == -1 || n >= 1)

  /** For names of columns and tensors. */
  def name(param: String, expected: String, remedy: String): String => Boolean =
    apply[String](param, expected, remedy)(value => value != null && value.trim.nonEmpty)

  /** For lists of names, at least one. */
  def names(param: String, expected: String, remedy: String): Array[String] => Boolean =
    apply[Array[String]](param, expected, remedy)(all =>
      all != null && all.nonEmpty && all.forall(name => name != null && name.trim.nonEmpty)
    )

  private def show(value: Any): String = value match {
    case null                     => "null"
    case list: Array[_]           => list.map(show).mkString("[", ", ", "]")
    case s: String if s.size > 60 => s"'${s.take(60)}…'"
    case s: String                => s"'$s'"
    case a: Array[_]              => a.mkString("(", ", ", ")")
    case other                    => other.toString
  }
}
