package sparkflow.job

import org.apache.spark.sql.catalyst.InternalRow
import org.apache.spark.sql.catalyst.expressions.Literal
import org.apache.spark.sql.types.{IntegerType, StringType}
import org.apache.spark.unsafe.types.UTF8String
import org.scalatest.funsuite.AnyFunSuite

class HeldTest extends AnyFunSuite {

  private def held(ticket: Long, ordinal: Int) =
    Held(Literal(ticket), ordinal, if (ordinal == 0) IntegerType else StringType).eval(InternalRow.empty)

  test("the values of the row that was last kept") {
    Held.keep(InternalRow(1, UTF8String.fromString("a")))
    val ticket = Held.keep(InternalRow(2, null))
    assert(held(ticket, 0) == 2)
    assert(held(ticket, 1) == null)
  }

  test("a row out of turn is an error, never another row's value") {
    val first = Held.keep(InternalRow(1))
    Held.keep(InternalRow(2))
    assert(
      intercept[IllegalStateException](held(first, 0)).getMessage
        .contains("sends rows to Python in another way")
    )
    val elsewhere = new Thread(() => { Held.keep(InternalRow(3)); () })
    elsewhere.start()
    elsewhere.join()
    assert(held(first + 1, 0) == 2)
  }
}
