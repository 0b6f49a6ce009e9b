package sparkflow.ps.consistency

import java.nio.ByteBuffer

import org.scalatest.funsuite.AnyFunSuite

import sparkflow.ps.optim.Optimizer
import sparkflow.ps.store._

/** A rule that looks at whole variables does so wherever these lie. */
class LayerUpdateTest extends AnyFunSuite {
  private val shard = ShardStore.shardLength
  private val lamb = Optimizer.create("lamb", 0.1, Map("weight_decay" -> 0.1))

  private def floats(values: Array[Float]): NativeFloats = {
    val all = new NativeFloats(NativeFloats.pieceBytes(values.length).map(ByteBuffer.allocateDirect))
    all.put(0, values, 0, values.length)
    all
  }

  /** The weights after some updates of the store, and of each variable as if it were alone. */
  private def both(mode: String, sizes: Seq[Int], threads: Int): (Array[Float], Array[Float]) = {
    val starts = sizes.scanLeft(0)(_ + _)
    val initial = Array.tabulate(starts.last)(i => math.sin(i * 0.7).toFloat + (if (i < 5) 0f else 2f))
    val keeper = Consistency(mode, lamb, StoreSnapshot.first(initial), threads, starts.init)
    val alone = initial.clone()
    val slots = Array.fill(2)(new Array[Float](alone.length))
    val answer = floats(initial)
    for (t <- 1 to 3) {
      val gradient = Array.tabulate(alone.length)(i => math.cos(i * 0.3 + t).toFloat * (1 + i % 7))
      assert(keeper.push(floats(gradient), change = false, Some(answer)) == t)
      for ((from, size) <- starts.zip(sizes)) lamb.step(alone, gradient, slots, from, from + size, t.toLong)
    }
    val answered = new Array[Float](alone.length)
    answer.get(0, answered, 0, answered.length)
    assert(keeper.weights().sameElements(answered))
    keeper.close()
    (answered, alone)
  }

  private def same(found: (Array[Float], Array[Float])): Unit =
    for (i <- found._1.indices)
      if (!(math.abs(found._1(i) - found._2(i)) <= 1e-6 * math.abs(found._2(i))))
        fail(s"weight $i is ${found._1(i)}, but ${found._2(i)} where its variable is alone")

  for (mode <- Seq("hogwild", "locked")) { // the others are locked
    test(s"$mode: variables within a shard, over several, and with nothing in them")(
      same(both(mode, Seq(5, 0, 2 * shard + 100, 1, shard - 200, 3 * shard, 0), 1))
    )
    test(s"$mode: many threads come to the bits of one") {
      val sizes = Seq(100, 70 * shard, 3, 130 * shard)
      val (one, alone) = both(mode, sizes, 1)
      same((one, alone))
      assert(both(mode, sizes, 3)._1.sameElements(one))
    }
  }

  test("rows are refused") {
    val tables = new Tables(Layout(Seq(Variable("t", Seq(4, 2))), Nil), Seq("t"))
    val keeper = Consistency("locked", lamb, new Array[Float](8), 1)
    val values = floats(new Array[Float](1))
    val none = new Excerpt(tables.noRows, values, values)
    assert(
      intercept[IllegalArgumentException](keeper.pushRows(none, none)).getMessage.contains("whole variables")
    )
  }
}
