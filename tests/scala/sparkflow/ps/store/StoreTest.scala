package sparkflow.ps.store

import java.nio.{ByteBuffer, ByteOrder}

import scala.jdk.CollectionConverters._

import org.scalatest.funsuite.AnyFunSuite

class StoreTest extends AnyFunSuite {

  private val length = ShardStore.shardLength

  private def shards(store: ShardStore): Seq[Shard] = {
    val found = new java.util.concurrent.ConcurrentLinkedQueue[Shard]
    store.sweep { (shard, _) => found.add(shard); () }
    found.asScala.toSeq.sortBy(_.from)
  }

  test("shards cover every element once, in order, and keep its value") {
    Seq(0, 1, length - 1, length, length + 1, 3 * length).foreach { n =>
      val initial = Array.tabulate(n)(_.toFloat)
      val store = new ShardStore(initial, Nil)
      assert(shards(store).flatMap(s => s.from until s.from + s.length) === (0 until n))
      assert(store.weights().sameElements(initial))
      if (n > 0) shards(store).head.weights(0) = -1f
      assert(n == 0 || initial(0) === 0f, "the weights to start from are copied")
    }
  }

  test("slots start at their initial values, in every shard") {
    val store = new ShardStore(new Array[Float](length + 3), Seq(0f, 0.1f))
    shards(store).foreach { shard =>
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
        assert(shards(store).forall(_.weights(0) == 2f))
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
      assert(shards(store).forall(_.weights(0) == 1f))
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

  test("a worker's change is merged as if it had been made to the values that are there now") {
    val start = state(1f, 2f, 3.0, 4, 1L << 40)
    val store = new StateStore(layout, state(5f, 4f, 4.0, 5, (1L << 40) + 1))
    val merged = store.merge(state(4f, -8f, 2.0, 5, 6), Array(0.25f, 0.5f, 0f, 0f), start)
    assert(merged.toSeq === state(5f + 1f, -6f + 0.5f, 5.0 + 0.5, 10, (1L << 40) + 7).toSeq)
    assert(store.snapshot().toSeq === merged.toSeq)
    merged(0) = 99
    assert(store.snapshot().toSeq !== merged.toSeq)
  }

  test("a value of which nothing is kept becomes the worker's, a sum gets all changes") {
    val start = state(1f, 1f, 1.0, 0, 0)
    val store = new StateStore(layout, start.clone())
    Seq(2f, 3f).foreach(by => store.merge(state(by, by, by.toDouble, 0, 0), Array(0f, 1f, 0f, 0f), start))
    assert(store.snapshot().toSeq === state(4f, 4f, 6.0, 0, 0).toSeq)
  }

  test("averages that several workers keep at the same time come out as if they had taken turns") {
    val store = new StateStore(layout, state(1f, 1f, 1.0, 0, 0))
    val bases = Array.fill(2)(store.snapshot())
    var alone = 1.0
    for (worker <- Seq(0, 1, 0, 0, 1, 0, 1, 1)) {
      // Each finds the variance 0.01 in its rows, and goes nine parts in ten of the way there.
      val base = ByteBuffer.wrap(bases(worker)).order(ByteOrder.LITTLE_ENDIAN)
      val change = state(0.9f * (0.01f - base.getFloat(0)), 0f, 0.9 * (0.01 - base.getDouble(8)), 1, 0)
      bases(worker) = store.merge(change, Array(0.1f, 0.1f, 1f, 1f), bases(worker))
      alone += 0.9 * (0.01 - alone)
      val merged = ByteBuffer.wrap(bases(worker)).order(ByteOrder.LITTLE_ENDIAN)
      assert(math.abs(merged.getFloat(0) - alone) < 1e-6)
      assert(math.abs(merged.getDouble(8) - alone) < 1e-8)
    }
    assert(ByteBuffer.wrap(store.snapshot()).order(ByteOrder.LITTLE_ENDIAN).getInt(16) === 8)
  }
}
