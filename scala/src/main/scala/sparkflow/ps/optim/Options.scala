package sparkflow.ps.optim

/** The options that were given for an optimizer. An option that is null (Python's None) counts as not given.
  */
private[optim] final class Options(optimizer: String, values: Map[String, Any]) {
  def apply[A](setting: Setting[A]): A = {
    val value = values.get(setting.name).filter(_ != null).getOrElse(setting.default)
    setting.read(value).getOrElse {
      val shown = value match {
        case text: String => s"the text '$text'"
        case other        => other.toString
      }
      throw new IllegalArgumentException(
        s"$optimizer: ${setting.name} is $shown, but must be ${setting.expected}"
      )
    }
  }
}
