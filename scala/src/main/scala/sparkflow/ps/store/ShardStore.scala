package sparkflow.ps.store

import java.util.concurrent.locks.{Lock, ReentrantReadWriteLock}

/** A range of the flat weights, with the optimizer's slots of the same range: the piece of work of one optimizer call.
  *
  * @param from number of its first weight
  */
final class Shard(val from: Int, val weights: Array[Float], val slots: Array[Array[Float]]) {
  def length: Int = weights.length

  private[store] def columns: Seq[Array[Float]] = weights +: slots.toSeq
}

/** The weights and the optimizer's slots of one fit: in shards, or by rows, for tables of which some rows at a time have
  * been asked for. It locks no values: who may touch what, and when, is the business of the consistency mode.
  *
  * @param initial copied
  * @param slotInitials what each slot of the optimizer starts at
  * @param threads that may work on the shards of one update at once, the caller's included
  * @param starts the number of each variable's first weight
  */
final class ShardStore(
    initial: Array[Float],
    slotInitials: Seq[Float],
    threads: Int = 1,
    starts: Seq[Int] = Seq(0)
) {
  import ShardStore._

  val length: Int = initial.length
  private val shardCount = ((length + shardLength - 1L) / shardLength).toInt

  private val shards: Array[Shard] = (0 until shardCount).map { i =>
    val (from, until) = range(i)
    val weights = java.util.Arrays.copyOfRange(initial, from, until)
    new Shard(from, weights, slotInitials.map(Array.fill(until - from)(_)).toArray)
  }.toArray // null where all values are in `tables`

  @volatile private var tables: Seq[RowStore] = Nil
  private val moves = new ReentrantReadWriteLock // for reading: by whoever goes through shards

  /** Number of variables. */
  def variables: Int = starts.length

  /** For each shard, the variables in it. */
  lazy val pieces: Array[Array[Piece]] = {
    val ranges = starts.zip(starts.drop(1) :+ length).toArray
    Array.tabulate(shardCount) { i =>
      val (start, end) = range(i)
      ranges.zipWithIndex.collect {
        case ((from, until), variable) if from < end && until > start && until > from =>
          Piece(variable, math.max(from - start, 0), math.min(until, end) - start)
      }
    }
  }

  private val crew: Option[Crew] =
    Option.when(threads > 1 && shardCount >= 2 * threads * fewest)(new Crew(threads))

  /** Runs `work` once on each shard; when this returns all is done. The second argument is room for a shard's gradient,
    * the thread's own.
    */
  def sweep(work: (Shard, Array[Float]) => Unit): Unit = holding(moves.readLock) {
    share(shardCount) { (i, room) =>
      val moved = movedFrom(i)
      val shard = if (shards(i) == null) empty(i, slotInitials.length) else shards(i)
      moved.foreach(_.give(shard))
      work(shard, room)
      moved.foreach(_.take(shard))
    }
  }

  /** As `sweep`, for work that only looks at the weights. */
  def look(work: Shard => Unit): Unit = holding(moves.readLock) {
    share(shardCount) { (i, _) =>
      val moved = movedFrom(i)
      val shard = if (moved.isEmpty) shards(i) else empty(i, 0)
      if (moved.nonEmpty && shards(i) != null)
        System.arraycopy(shards(i).weights, 0, shard.weights, 0, shard.length)
      moved.foreach(_.give(shard))
      work(shard)
    }
  }

  /** What a piece of the dense part lies in. */
  def shardOf(piece: DensePiece): Shard = shards(piece.shard)

  /** Runs `work` once on each number in `[0, count)`, which stands for as much work as a shard is; else as `sweep`. */
  def share(count: Int)(work: (Int, Array[Float]) => Unit): Unit = crew match {
    case Some(crew) if count >= 2 * threads * fewest =>
      crew.share(count)((from, until) => run(from, until, work))
    case _ => run(0, count, work)
  }

  /** The table by rows: it moves there when it is first asked for, and stays. */
  def rowsOf(table: Table): RowStore =
    tables
      .find(_.table == table)
      .getOrElse(holding(moves.writeLock) {
        tables.find(_.table == table).getOrElse(move(table))
      })

  private def move(table: Table): RowStore = {
    val rows = new RowStore(table, 1 + slotInitials.length)
    val end = table.from + table.rows * table.width
    for (i <- table.from / shardLength to (end - 1) / shardLength) {
      rows.take(shards(i))
      val (first, last) = range(i)
      if (first >= table.from && last <= end) shards(i) = null
    }
    tables :+= rows
    rows
  }

  private def movedFrom(i: Int): Seq[RowStore] =
    if (tables.isEmpty) Nil
    else {
      val (from, until) = range(i)
      tables.filter(_.meets(from, until))
    }

  private def empty(i: Int, slots: Int): Shard = {
    val (from, until) = range(i)
    new Shard(from, new Array[Float](until - from), Array.fill(slots)(new Array[Float](until - from)))
  }

  /** The numbers of a shard's first weight, and of the next one's. */
  private def range(i: Int): (Int, Int) =
    (i * shardLength, math.min((i + 1L) * shardLength, length.toLong).toInt)

  /** A copy of the weights. */
  def weights(): Array[Float] = copy(0)

  /** A copy of each slot. */
  def slots(): Seq[Array[Float]] = slotInitials.indices.map(s => copy(1 + s))

  /** Sets the slots to what `slots` has given; no table is kept by rows yet. */
  def restore(slots: Seq[Array[Float]]): Unit = {
    require(
      slots.length == slotInitials.length && slots.forall(_.length == length),
      s"the optimizer has ${slotInitials.length} slots of $length values, but ${slots.map(_.length).mkString(", ")} values were given"
    )
    for ((values, s) <- slots.zipWithIndex; shard <- shards)
      System.arraycopy(values, shard.from, shard.slots(s), 0, shard.length)
  }

  private def copy(column: Int): Array[Float] = holding(moves.readLock) {
    val all = new Array[Float](length)
    for (shard <- shards if shard != null)
      System.arraycopy(shard.columns(column), 0, all, shard.from, shard.length)
    tables.foreach(_.give(column, 0, all))
    all
  }

  private def holding[A](lock: Lock)(action: => A): A = {
    lock.lock()
    try action
    finally lock.unlock()
  }

  /** Ends the threads; sweeps are over. */
  def close(): Unit = crew.foreach(_.close())

  private def run(from: Int, until: Int, work: (Int, Array[Float]) => Unit): Unit = {
    val room = scratch.get
    var i = from
    while (i < until) {
      work(i, room)
      i += 1
    }
  }
}

object ShardStore {

  /** Values of a shard: 64 KiB of each array, so that the weights, gradient and slots of a shard fit a core's second
    * level cache (256 KiB for Adam), and an update reads and writes memory once.
    */
  final val shardLength = 1 << 14 // a constant of the compiler: it divides every row number

  // Shards for a thread, at least, in one share of a sweep (1 M values): waking a thread costs tens of microseconds.
  private val fewest = 32

  private val scratch: ThreadLocal[Array[Float]] =
    ThreadLocal.withInitial(() => new Array[Float](shardLength))
}
