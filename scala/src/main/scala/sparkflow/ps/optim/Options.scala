package sparkflow.ps.optim

import sparkflow.Names

/** The options that were given for an optimizer or a schedule. An option that is null (Python's None) counts as not
  * given.
  */
private[optim] final class Options(whose: String, values: Map[String, Any]) {
  def apply[A](setting: Setting[A]): A = {
    val value = values.get(setting.name).filter(_ != null).getOrElse(setting.default)
    if (value == null)
      throw new IllegalArgumentException(s"$whose needs ${setting.name}, which must be ${setting.expected}")
    setting.read(value).getOrElse {
      val shown = value match {
        case text: String      => s"the text '$text'"
        case many: Iterable[_] => many.mkString("[", ", ", "]")
        case other             => other.toString
      }
      throw new IllegalArgumentException(
        s"$whose: ${setting.name} is $shown, but must be ${setting.expected}"
      )
    }
  }
}

private[optim] object Options {

  /** @param takes the options that there are, as a user should call them
    * @param also  further names that are known
    * @throws java.lang.IllegalArgumentException for a name that is none of them
    */
  def checkNames(
      whose: String,
      names: Iterable[String],
      takes: Seq[String],
      also: Set[String] = Set.empty
  ): Unit =
    names.filterNot(takes.toSet ++ also).minOption.foreach { unknown =>
      throw new IllegalArgumentException(
        s"$whose has no option '$unknown'${Names.didYouMean(unknown, takes)}; it takes ${takes.mkString(", ")}"
      )
    }
}
