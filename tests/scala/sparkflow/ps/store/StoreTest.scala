package sparkflow.ps.store

import java.nio.{ByteBuffer, ByteOrder}

import org.scalatest.funsuite.AnyFunSuite

class StoreTest extends AnyFunSuite {

  private val length = ShardStore.shardLength

  test("shards cover every element once, in order, and keep its value") {
    Seq(0, 1, length - 1, length, length + 1, 3 * length).foreach { n =>
      val initial = Array.tabulate(n)(_.toFloat)
      val store = new ShardStore(initial, Nil)
      assert(store.shards.toSeq.flatMap(s => s.from until s.from + s.length) === (0 until n))
      assert(store.weights().sameElements(initial))
      if (n > 0) store.shards(0).weights(0) = -1f
      assert(n == 0 || initial(0) === 0f, "the weights to start from are copied")
    }
  }

  test("slots start at their initial values, in every shard") {
    val store = new ShardStore(new Array[Float](length + 3), Seq(0f, 0.1f))
    store.shards.foreach { shard =>
      assert(shard.slots.map(_.toSeq).toSeq === Seq(Seq.fill(shard.length)(0f), Seq.fill(shard.length)(0.1f)))
    }
  }

  Seq(1, 2, 3).foreach { threads =>
    test(s"a sweep by $threads thread(s) visits every shard once, also when two run at a time") {
      val store = new ShardStore(new Array[Float](200 * length + 1), Nil, threads)
      try {
        val sweepers = (0 until 2).map { _ =>
          val thread = new Thread(() =>
            store.sweep { (shard, room) =>
              room(0) = shard.from.toFloat // each thread's own
              shard.weights.synchronized(shard.weights(0) += 1)
              assert(room(0) == shard.from.toFloat)
            }
          )
          thread.start()
          thread
        }
        sweepers.foreach(_.join(10000))
        assert(store.shards.forall(_.weights(0) == 2f))
      } finally store.close()
    }
  }

  test("what a sweep throws reaches its caller, and the store works on") {
    val store = new ShardStore(new Array[Float](200 * length), Nil, 2)
    try {
      val thrown = intercept[ArithmeticException](store.sweep { (shard, _) =>
        if (shard.from == 150 * length) throw new ArithmeticException("on purpose")
      })
      assert(thrown.getMessage === "on purpose")
      store.sweep((shard, _) => shard.weights(0) = 1)
      assert(store.shards.forall(_.weights(0) == 1f))
    } finally store.close()
  }

  test("native floats are little-endian bytes") {
    val buffer = ByteBuffer.allocateDirect(12)
    val floats = new NativeFloats(Seq(buffer))
    floats.put(1, Array(1f, -2f, 9f), 0, 2)
    assert(buffer.order(ByteOrder.LITTLE_ENDIAN).getFloat(4) === 1f)
    assert(floats.toArray.toSeq === Seq(0f, 1f, -2f))
    val into = new Array[Float](5)
    floats.get(2, into, 0, 1)
    assert(into.toSeq === Seq(-2f, 0f, 0f, 0f, 0f))
    assert(floats.bytes.map(_.remaining) === Seq(12))
  }

  test("a vector larger than a buffer comes in pieces") {
    assert(NativeFloats.pieceBytes(0) === Nil)
    assert(NativeFloats.pieceBytes(NativeFloats.pieceLength) === Seq(1 << 30))
    assert(NativeFloats.pieceBytes(Int.MaxValue - 8).map(_.toLong).sum === 4L * (Int.MaxValue - 8))
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

  test("a change is merged: integers are added, floats go a part of the way to the worker's") {
    val start = state(1f, 2f, 3.0, 4, 1L << 40)
    val store = new StateStore(layout, start.clone())
    val merged = store.merge(state(4f, -8f, 2.0, 5, 6), start, 4)
    assert(merged.toSeq === state(2f, 0f, 3.5, 9, (1L << 40) + 6).toSeq)
    assert(store.snapshot().toSeq === merged.toSeq)
    merged(0) = 99
    assert(store.snapshot().toSeq !== merged.toSeq)
  }

  test("averages that workers move at different times stay between the workers' values") {
    val store = new StateStore(layout, state(1f, 1f, 1.0, 0, 0))
    val bases = Array.fill(2)(store.snapshot())
    for (worker <- Seq(0, 1, 0, 0, 1, 0, 1, 1)) {
      // Each finds the variance 0.01 in its rows, and goes nine parts in ten of the way there.
      val base = ByteBuffer.wrap(bases(worker)).order(ByteOrder.LITTLE_ENDIAN)
      val change = state(0.9f * (0.01f - base.getFloat(0)), 0f, 0.9 * (0.01 - base.getDouble(8)), 1, 0)
      bases(worker) = store.merge(change, bases(worker), 2)
      val merged = ByteBuffer.wrap(bases(worker)).order(ByteOrder.LITTLE_ENDIAN)
      assert(merged.getFloat(0) > 0.0099f && merged.getFloat(0) < 1f)
      assert(merged.getDouble(8) > 0.0099 && merged.getDouble(8) < 1)
    }
    assert(ByteBuffer.wrap(store.snapshot()).order(ByteOrder.LITTLE_ENDIAN).getInt(16) === 8)
  }
}
