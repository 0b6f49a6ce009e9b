package sparkflow.ps.store

import org.scalatest.funsuite.AnyFunSuite

/** Tables that are kept by rows, between weights that are not. */
class RowStoreTest extends AnyFunSuite {
  private val shard = ShardStore.shardLength

  // 7 weights, a table over three shards of which one is all its own, a small one of scalars, 5 weights.
  private val wide = Table("wide", 7, 2 * shard / 5 + 3, 5)
  private val narrow = Table("narrow", wide.from + wide.rows * wide.width, 11, 1)
  private val length = narrow.from + narrow.rows + 5

  private def initial = Array.tabulate(length)(_.toFloat)

  private def moved(slots: Int = 2): ShardStore = {
    val store = new ShardStore(initial, Seq.fill(slots)(0f))
    store.restore((1 to slots).map(s => initial.map(_ + s * 0.25f)))
    store.rowsOf(wide)
    store.rowsOf(narrow)
    store
  }

  test("a table that moves to rows keeps its weights and slots") {
    val store = moved()
    assert(store.weights().sameElements(initial))
    assert(store.slots().zipWithIndex.forall { case (slot, s) =>
      slot.sameElements(initial.map(_ + (s + 1) * 0.25f))
    })
    assert(store.rowsOf(wide) eq store.rowsOf(wide.copy()))
  }

  for (table <- Seq(wide, narrow))
    test(s"rows of '${table.name}' are taken out side by side, and put back") {
      val store = moved()
      val rows = Array(-1, 0, 2, table.rows / 2, table.rows - 2, table.rows - 1)
      val numbers = rows.tail.flatMap(row => (0 until table.width).map(table.from + row * table.width + _))
      val block = new Block(numbers.length, 2)
      store.rowsOf(table).load(rows, 1, rows.length - 1, block)
      assert(block.weights.toSeq === numbers.map(_.toFloat).toSeq)
      assert(block.slots(1).toSeq === numbers.map(_ + 0.5f).toSeq)
      for (column <- block.columns; i <- column.indices) column(i) += 0.125f
      store.rowsOf(table).save(rows, 1, rows.length - 1, block)
      val expected = initial
      numbers.foreach(expected(_) += 0.125f)
      assert(store.weights().sameElements(expected))
      assert(store.slots()(0).sameElements(expected.map(_ + 0.25f)))
      val weights = new Block(numbers.length, 2)
      store.rowsOf(table).loadWeights(rows, 1, rows.length - 1, weights)
      assert(weights.weights.toSeq === numbers.map(expected(_)).toSeq)
      assert(weights.slots(0).forall(_ == 0f))
    }

  test("a sweep sees and changes what is kept by rows as all else; a look sees it") {
    val store = moved()
    store.sweep { (shard, _) =>
      for (i <- 0 until shard.length) {
        assert(shard.weights(i) === (shard.from + i).toFloat)
        shard.weights(i) += 0.125f
        shard.slots(1)(i) += 1
      }
    }
    val expected = initial.map(_ + 0.125f)
    assert(store.weights().sameElements(expected))
    assert(store.slots()(0).sameElements(initial.map(_ + 0.25f)))
    assert(store.slots()(1).sameElements(initial.map(_ + 1.5f)))
    val seen = new Array[Float](length)
    store.look(shard => System.arraycopy(shard.weights, 0, seen, shard.from, shard.length))
    assert(seen.sameElements(expected))
  }

  test("a row that is longer than a page is one") {
    val long = Table("long", 1, 3, 2 * shard)
    val store = new ShardStore(Array.tabulate(6 * shard + 2)(_.toFloat), Seq(0f))
    val block = new Block(long.width, 1)
    store.rowsOf(long).load(Array(2), 0, 1, block)
    assert(block.weights.toSeq === (1 + 4 * shard until 1 + 6 * shard).map(_.toFloat))
    assert(store.weights().last === 6 * shard + 1f)
  }

  test("a table moves while others sweep, and no sweep is lost") {
    val store = new ShardStore(new Array[Float](length), Seq(0f))
    val sweeper = new Thread(() => (1 to 200).foreach(_ => store.sweep((s, _) => s.weights(0) += 1)))
    sweeper.start()
    Seq(narrow, wide).foreach(store.rowsOf)
    sweeper.join()
    assert((0 until length by shard).forall(i => store.weights()(i) == 200f))
  }
}
