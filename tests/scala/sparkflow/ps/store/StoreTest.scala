package sparkflow.ps.store

import java.nio.{ByteBuffer, ByteOrder}

import org.scalatest.funsuite.AnyFunSuite

class StoreTest extends AnyFunSuite {

  test("shards cover every element once, in order") {
    val length = ShardStore.shardLength
    Seq(0, 1, length - 1, length, length + 1, 3 * length).foreach { n =>
      val shards = new ShardStore(new Array[Float](n), Nil).shards
      assert(shards.flatMap(s => s.from until s.until) === (0 until n))
    }
  }

  test("slots start at their initial values") {
    val store = new ShardStore(new Array[Float](3), Seq(0f, 0.1f))
    assert(store.slots.map(_.toSeq).toSeq === Seq(Seq(0f, 0f, 0f), Seq(0.1f, 0.1f, 0.1f)))
  }

  private val layout = Layout(
    Nil,
    Seq(
      StateVariable("f", Seq(2), "float32"),
      StateVariable("d", Nil, "float64"),
      StateVariable("i", Nil, "int32"),
      StateVariable("l", Seq(1), "int64")
    )
  )

  private def state(f0: Float, f1: Float, d: Double, i: Int, l: Long): Array[Byte] =
    ByteBuffer
      .allocate(28)
      .order(ByteOrder.LITTLE_ENDIAN)
      .putFloat(f0)
      .putFloat(f1)
      .putDouble(d)
      .putInt(i)
      .putLong(l)
      .array

  test("a change is added: integers as they are, floats divided by the workers") {
    val store = new StateStore(layout, state(1f, 2f, 3.0, 4, 1L << 40))
    val merged = store.merge(state(4f, -8f, 2.0, 5, 6), 4)
    assert(merged.toSeq === state(2f, 0f, 3.5, 9, (1L << 40) + 6).toSeq)
    assert(store.snapshot().toSeq === merged.toSeq)
    merged(0) = 99
    assert(store.snapshot().toSeq !== merged.toSeq)
  }
}
