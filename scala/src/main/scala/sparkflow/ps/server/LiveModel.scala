package sparkflow.ps.server

import sparkflow.ps.consistency.Consistency
import sparkflow.ps.protocol.{ErrorCode, Refused}
import sparkflow.ps.store.{Layout, StateStore, Tables}

/** The weights of a fit, from the moment when there are any. */
private[ps] final class LiveModel(
    val layout: Layout,
    val consistency: Consistency,
    val state: StateStore,
    val bornNanos: Long
) {
  val layoutJson: String = layout.toJson
  private var known: Option[Tables] = None

  /** The tables of these names, which are those of all workers that have any.
    *
    * @throws Refused if they are none of the layout, or others than those of the workers before
    */
  def tables(names: Seq[String]): Tables = synchronized {
    val tables = known.getOrElse {
      try new Tables(layout, names)
      catch { case e: IllegalArgumentException => throw new Refused(ErrorCode.Sizes, e.getMessage) }
    }
    val before = tables.tables.map(_.name)
    if (before != names)
      throw new Refused(
        ErrorCode.Sizes,
        s"a worker takes ${names.mkString(", ")} by rows, others ${before.mkString(", ")}: their graphs differ"
      )
    known = Some(tables)
    tables
  }
}
