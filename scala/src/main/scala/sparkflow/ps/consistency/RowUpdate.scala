package sparkflow.ps.consistency

import java.util.concurrent.ConcurrentHashMap

import scala.jdk.CollectionConverters._

import sparkflow.ps.optim.{Idle, Layerwise, Optimizer}
import sparkflow.ps.store._

/** What every mode does to the store when rows travel: the optimizer runs on the rows of a gradient alone, as
  * TensorFlow's sparse updates do. Steps that an idle row would have taken there are made up for when it is next read or
  * updated, so that what anybody sees of it is as if it had taken them in time.
  *
  * It locks nothing. All gradients of rows are of the same tables.
  *
  * @param from what the store goes on from
  */
private[consistency] final class RowUpdate(store: ShardStore, optimizer: Optimizer, from: StoreSnapshot) {
  import RowUpdate._

  private val idle: Option[Idle] = optimizer.idle
  private val clocks = new ConcurrentHashMap[Table, Array[Long]]
  private val blocks = new ThreadLocal[Block]
  @volatile private var whole = from.whole // the last update of all weights: no row is behind it
  from.clocks.foreach { case (table, clock) => clocks.put(table, clock.clone()) }

  /** Whether rows may have something to make up for. */
  def fallsBehind: Boolean = idle.isDefined

  /** Update number `t`, and the values after it. */
  def apply(gradient: Excerpt[FloatSource], answer: Excerpt[FloatSink], age: Option[Age], t: Long): Unit = {
    require(
      !optimizer.isInstanceOf[Layerwise],
      s"${optimizer.name} steps with whole variables, not with rows"
    )
    val old = age.orNull
    val tables = gradient.selection.of
    if (idle.isDefined) tables.tables.foreach(clockOf) // rows that nobody has looked at are idle from now on
    val pieces = tables.dense
    store.share(pieces.length) { (i, room) =>
      val piece = pieces(i)
      val shard = store.shardOf(piece)
      gradient.dense.get(piece.at, room, piece.from, piece.count)
      if (old != null) old.decay(room, piece.from, piece.count, t)
      optimizer.step(shard.weights, room, shard.slots, piece.from, piece.from + piece.count, t)
      answer.dense.put(piece.at, shard.weights, piece.from, piece.count)
    }
    val before = idle.map(_.until(t - 1))
    each(gradient.selection.rows)(update(_, _, gradient.rows, before, old, t))
    readRows(answer, t)
  }

  /** The values after update `t`, the last one; changes nothing. */
  def read(into: Excerpt[FloatSink], t: Long): Unit = {
    val pieces = into.selection.of.dense
    store.share(pieces.length) { (i, _) =>
      val piece = pieces(i)
      into.dense.put(piece.at, store.shardOf(piece).weights, piece.from, piece.count)
    }
    readRows(into, t)
  }

  /** Runs an update `t` of all weights. */
  def around(t: Long)(update: => Unit): Unit = {
    settle(t - 1)
    update
    if (idle.isDefined) whole = t
  }

  /** Makes up for all that rows have missed up to update `t`. */
  def settle(t: Long): Unit = idle.foreach { idle =>
    clocks.asScala.foreach { case (table, clock) =>
      val makeUp = idle.until(t)
      val behind = clock.indices.iterator.filter { row =>
        val last = math.max(clock(row), whole)
        last > 0 && last < t
      }.toArray
      each(Seq(new TableRows(table, behind, 0))) { (part, block) =>
        load(part, block, Some(makeUp))
        save(part, block, t)
      }
    }
  }

  /** A copy of all there is after update `t`. Rows have not made up for anything in it that they have not here: who goes
    * on from it comes to the same bits.
    */
  def snapshot(t: Long): StoreSnapshot = {
    val copies = clocks.asScala.map { case (table, clock) => table -> clock.clone() }.toMap
    StoreSnapshot(t, store.weights(), store.slots(), copies, whole)
  }

  private def readRows(into: Excerpt[FloatSink], t: Long): Unit = {
    val makeUp = idle.map(_.until(t))
    each(into.selection.rows) { (part, block) =>
      if (idle.isEmpty) part.in(store).loadWeights(part.rows, part.from, part.count, block)
      else load(part, block, makeUp)
      into.rows.put(part.at, block.weights, 0, part.count * part.width)
    }
  }

  private def update(
      part: Part,
      block: Block,
      gradient: FloatSource,
      before: Option[Idle.MakeUp],
      old: Age,
      t: Long
  ): Unit = {
    val values = part.count * part.width
    load(part, block, before)
    gradient.get(part.at, block.gradient, 0, values)
    if (old != null) old.decay(block.gradient, 0, values, t)
    optimizer.step(block.weights, block.gradient, block.slots, 0, values, t)
    save(part, block, t)
  }

  private def load(part: Part, block: Block, makeUp: Option[Idle.MakeUp]): Unit = {
    part.in(store).load(part.rows, part.from, part.count, block)
    makeUp.foreach { makeUp =>
      val clock = clockOf(part.table)
      val last = new Array[Long](part.count)
      var k = 0
      while (k < part.count) {
        last(k) = math.max(clock(part.row(k)), whole)
        k += 1
      }
      makeUp(block.weights, block.slots, part.width, last, part.count, block.gradient)
    }
  }

  /** Puts the rows back as they are after update `t`. */
  private def save(part: Part, block: Block, t: Long): Unit = {
    part.in(store).save(part.rows, part.from, part.count, block)
    val clock = if (idle.isEmpty) null else clockOf(part.table)
    var k = 0
    while (clock != null && k < part.count) {
      clock(part.row(k)) = math.max(clock(part.row(k)), t)
      k += 1
    }
  }

  /** For each row of a table the last update that it has had, or has made up for; 0 before the first. */
  private def clockOf(table: Table): Array[Long] = clocks.computeIfAbsent(table, t => new Array[Long](t.rows))

  private def each(rows: Seq[TableRows])(work: (Part, Block) => Unit): Unit = {
    val parts = rows.flatMap { r =>
      val most = math.max(1, ShardStore.shardLength / r.table.width)
      r.rows.indices.by(most).map(from => new Part(r, from, math.min(most, r.rows.length - from)))
    }.toArray
    store.share(parts.length)((i, _) => work(parts(i), blockFor(parts(i))))
  }

  private def blockFor(part: Part): Block = {
    val values = part.count * part.width
    var block = blocks.get
    if (block == null || block.weights.length < values) {
      block = new Block(math.max(values, ShardStore.shardLength), optimizer.slots.length)
      blocks.set(block)
    }
    block
  }
}

private object RowUpdate {

  /** As many rows as are worked on at a time: a shard's worth. */
  private final class Part(of: TableRows, val from: Int, val count: Int) {
    def table: Table = of.table
    def width: Int = of.table.width
    def rows: Array[Int] = of.rows
    def in(store: ShardStore): RowStore = store.rowsOf(table)

    /** The number within the table of the part's k-th row. */
    def row(k: Int): Int = rows(from + k)

    /** The number of the part's first value among those that travel. */
    val at: Int = of.at + from * width
  }
}
