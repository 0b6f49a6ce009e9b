package sparkflow.job

import org.apache.spark.sql.catalyst.InternalRow
import org.apache.spark.sql.catalyst.expressions.{GenericInternalRow, UnsafeArrayData}
import org.apache.spark.sql.types.DoubleType
import org.scalatest.funsuite.AnyFunSuite

class PackedRowTest extends AnyFunSuite {

  private def row(lends: Boolean) =
    new PackedRow(Dtype.Float32, DoubleType, value => throw new AssertionError(value), lends)

  private def sparse(size: Int, indices: Array[Int], values: Array[Double]): InternalRow =
    new GenericInternalRow(
      Array[Any](
        0.toByte,
        size,
        UnsafeArrayData.fromPrimitiveArray(indices),
        UnsafeArrayData.fromPrimitiveArray(values)
      )
    )

  test("what is lent is what is given away, also where the row before left something") {
    val vectors = Seq(
      PackedRow.vectorOf(Array(1.5, 2, 3)),
      sparse(3, Array(1), Array(4.25)),
      PackedRow.vectorOf(Array(5.0, 6)),
      sparse(3, Array.empty, Array.empty),
      PackedRow.vectorOf(Array(7.0, 8, 9))
    )
    val (given, lending) = (row(lends = false), row(lends = true))
    for (vector <- vectors)
      assert(lending.ofVector(vector).toSeq == given.ofVector(vector).toSeq)
  }

  test("only what is lent is overwritten by the next row") {
    val (one, other) = (PackedRow.vectorOf(Array(1.0, 2)), PackedRow.vectorOf(Array(3.0, 4)))
    val (given, lending) = (row(lends = false), row(lends = true))
    assert(given.ofVector(one) ne given.ofVector(other))
    assert(lending.ofVector(one) eq lending.ofVector(other))
  }
}
