package sparkflow.job

import org.apache.spark.sql.catalyst.InternalRow
import org.apache.spark.sql.catalyst.expressions.{Expression, UnaryExpression}
import org.apache.spark.sql.catalyst.expressions.codegen.CodegenFallback
import org.apache.spark.sql.types.DataType

/** A value that was computed for a row and kept beside it. Spark's operators for Python take a row and at once ask for what
  * goes to Python, on one thread; so one place for each thread is enough, and the row's ticket tells if it ever is not.
  *
  * @param child   the ticket
  * @param ordinal which of the row's values
  */
private[job] final case class Held(child: Expression, ordinal: Int, dataType: DataType)
    extends UnaryExpression
    with CodegenFallback {
  override def nullable: Boolean = true
  override def eval(row: InternalRow): Any =
    Held.values(child.eval(row).asInstanceOf[Long]).get(ordinal, dataType)
  override protected def withNewChildInternal(newChild: Expression): Held = copy(child = newChild)
}

private[job] object Held {

  /** Keeps the values of the row to come, in place of those before.
    *
    * @return their ticket
    */
  def keep(values: InternalRow): Long = {
    val mine = place.get
    mine.ticket += 1
    mine.values = values
    mine.ticket
  }

  private def values(ticket: Long): InternalRow = {
    val mine = place.get
    if (mine.ticket != ticket)
      throw new IllegalStateException(
        s"row $ticket was asked for when row ${mine.ticket} was there: this Spark sends rows to Python in another way than " +
          "SparkFlow knows; tell its authors the versions of both"
      )
    mine.values
  }

  private final class Place {
    var ticket = 0L
    var values: InternalRow = _
  }

  private val place = ThreadLocal.withInitial(() => new Place)
}
