package sparkflow.ps.consistency

import java.util.Arrays
import java.util.concurrent.ConcurrentHashMap

import scala.jdk.CollectionConverters._

import sparkflow.ps.optim.{Idle, Optimizer}
import sparkflow.ps.store._

/** What every mode does to the store when rows travel: the optimizer runs on the rows of a gradient alone, as
  * TensorFlow's sparse updates do. Steps that an idle row would have taken there are made up for when it is next read or
  * updated, so that what anybody sees of it is as if it had taken them in time.
  *
  * It locks nothing. All gradients of rows are of the same tables.
  */
private[consistency] final class RowUpdate(store: ShardStore, optimizer: Optimizer) {
  import RowUpdate._

  private val idle: Option[Idle] = optimizer.idle
  private val clocks = new ConcurrentHashMap[Table, Array[Long]]
  private val desks = new ThreadLocal[Desk]
  @volatile private var whole = 0L // the last update of all weights: no row is behind it

  /** Whether a read may have steps to make up for, and so to write. */
  def readsWrite: Boolean = idle.isDefined

  /** Update number `t`, and the values after it. */
  def apply(gradient: Excerpt, answer: Excerpt, t: Long): Unit = {
    val tables = gradient.selection.of
    if (idle.isDefined) tables.tables.foreach(clockOf) // rows that nobody has looked at are idle from now on
    val pieces = tables.dense
    store.share(pieces.length) { (i, room) =>
      val piece = pieces(i)
      val shard = store.shards(piece.shard)
      gradient.dense.get(piece.at, room, piece.from, piece.count)
      optimizer.step(shard.weights, room, shard.slots, piece.from, piece.from + piece.count, t)
      answer.dense.put(piece.at, shard.weights, piece.from, piece.count)
    }
    each(gradient.selection.rows)((part, desk) => update(part, desk, gradient.rows, t))
    each(answer.selection.rows)((part, desk) => read(part, desk, Some(answer.rows), t))
  }

  /** The values after update `t`, the last one. */
  def read(into: Excerpt, t: Long): Unit = {
    val pieces = into.selection.of.dense
    store.share(pieces.length) { (i, _) =>
      val piece = pieces(i)
      into.dense.put(piece.at, store.shards(piece.shard).weights, piece.from, piece.count)
    }
    each(into.selection.rows)((part, desk) => read(part, desk, Some(into.rows), t))
  }

  /** Runs an update `t` of all weights. */
  def around(t: Long)(update: => Unit): Unit = {
    settle(t - 1)
    update
    if (idle.isDefined) whole = t
  }

  /** Makes up for all that rows have missed up to update `t`. */
  def settle(t: Long): Unit = clocks.asScala.foreach { case (table, clock) =>
    val behind = clock.indices.iterator.filter { row =>
      val last = math.max(clock(row), whole)
      last > 0 && last < t
    }.toArray
    each(Seq(new TableRows(table, behind, 0)))((part, desk) => read(part, desk, None, t))
  }

  private def update(part: Part, desk: Desk, gradient: NativeFloats, t: Long): Unit = {
    val width = part.width
    load(part, desk, t - 1)
    var k = 0
    while (k < part.count) {
      gradient.get(part.at(desk.order(k)), desk.block.gradient, k * width, width)
      k += 1
    }
    optimizer.step(desk.block.weights, desk.block.gradient, desk.block.slots, 0, part.count * width, t)
    save(part, desk)
    if (idle.isDefined) {
      val clock = clockOf(part.table)
      k = 0
      while (k < part.count) {
        val row = part.row(k)
        clock(row) = math.max(clock(row), t)
        k += 1
      }
    }
  }

  private def read(part: Part, desk: Desk, into: Option[NativeFloats], t: Long): Unit = {
    val width = part.width
    if (idle.isEmpty) {
      val out = into.orNull
      var k = 0
      while (k < part.count) {
        if (out != null) store.read(part.start(k), width, out, part.at(k))
        k += 1
      }
    } else {
      load(part, desk, t)
      val out = into.orNull
      val clock = clockOf(part.table)
      var k = 0
      while (k < part.count) {
        if (out != null) out.put(part.at(desk.order(k)), desk.block.weights, k * width, width)
        val row = part.row(k)
        // A row that never had a gradient has nothing to make up for.
        if (math.max(clock(row), whole) > 0) clock(row) = math.max(clock(row), t)
        k += 1
      }
      save(part, desk)
    }
  }

  /** Brings the part's rows to the desk, those that are the longest behind first, as they are after update `t`. */
  private def load(part: Part, desk: Desk, t: Long): Unit = {
    val clock = if (idle.isDefined) clockOf(part.table) else null
    var k = 0
    while (k < part.count) {
      desk.order(k) = k
      if (clock != null) desk.keys(k) = math.max(clock(part.row(k)), whole) << indexBits | k.toLong
      k += 1
    }
    if (clock != null) {
      Arrays.sort(desk.keys, 0, part.count)
      k = 0
      while (k < part.count) {
        desk.order(k) = (desk.keys(k) & indexMask).toInt
        k += 1
      }
    }
    k = 0
    while (k < part.count) {
      store.load(part.start(desk.order(k)), part.width, desk.block, k * part.width)
      k += 1
    }
    idle.foreach(makeUp(_, part, desk, t))
  }

  private def save(part: Part, desk: Desk): Unit = {
    var k = 0
    while (k < part.count) {
      store.save(part.start(desk.order(k)), part.width, desk.block, k * part.width)
      k += 1
    }
  }

  /** Takes the steps that the rows on the desk have missed: rows that miss the same one take it together. */
  private def makeUp(idle: Idle, part: Part, desk: Desk, t: Long): Unit = {
    def at(k: Int) = desk.keys(k) >>> indexBits
    var from = 0
    while (from < part.count && at(from) == 0) from += 1
    val first = from
    var until = from
    var step = if (from < part.count) at(from) + 1 else t + 1
    while (step <= t) {
      while (until < part.count && at(until) < step) until += 1
      while (from < until && step - at(from) > idle.steps) from += 1
      if (from < until) {
        optimizer.step(
          desk.block.weights,
          desk.zeros,
          desk.block.slots,
          from * part.width,
          until * part.width,
          step
        )
        step += 1
      } else step = if (until < part.count) at(until) + 1 else t + 1
    }
    var k = first
    while (k < part.count && t - at(k) > idle.steps) {
      idle.fade(desk.block.slots, k * part.width, (k + 1) * part.width, t - at(k) - idle.steps)
      k += 1
    }
  }

  /** For each row of a table the last update that it has had, or has made up for; 0 before the first. */
  private def clockOf(table: Table): Array[Long] = clocks.computeIfAbsent(table, t => new Array[Long](t.rows))

  private def each(rows: Seq[TableRows])(work: (Part, Desk) => Unit): Unit = {
    val parts = rows.flatMap { r =>
      val most = math.max(1, ShardStore.shardLength / r.table.width)
      r.rows.indices.by(most).map(from => new Part(r, from, math.min(most, r.rows.length - from)))
    }.toArray
    store.share(parts.length)((i, _) => work(parts(i), deskFor(parts(i))))
  }

  private def deskFor(part: Part): Desk = {
    val values = part.count * part.width
    var desk = desks.get
    if (desk == null || desk.size < values) {
      desk = new Desk(math.max(values, ShardStore.shardLength), optimizer.slots.length)
      desks.set(desk)
    }
    desk
  }
}

private object RowUpdate {
  // A part has at most as many rows as a shard has values.
  private val indexBits = 14
  private val indexMask = (1L << indexBits) - 1

  /** As many rows as are worked on at a time. */
  private final class Part(rows: TableRows, from: Int, val count: Int) {
    def table: Table = rows.table
    def width: Int = rows.table.width

    /** The number within the table of the part's k-th row. */
    def row(k: Int): Int = rows.rows(from + k)

    /** The number of the row's first weight. */
    def start(k: Int): Int = rows.table.from + row(k) * width

    /** The number of the row's first value among those that travel. */
    def at(k: Int): Int = rows.at + (from + k) * width
  }

  /** A thread's own room for a part.
    *
    * @param size values
    */
  private final class Desk(val size: Int, slots: Int) {
    val block = new Block(size, slots)
    val zeros = new Array[Float](size)
    val keys = new Array[Long](ShardStore.shardLength)

    /** Which row of the part lies at each place. */
    val order = new Array[Int](ShardStore.shardLength)
  }
}
