package sparkflow.ps.store

/** A range of the flat weights, with the optimizer's slots of the same range: the piece of work of one optimizer call.
  *
  * @param from number of its first weight
  */
final class Shard(val from: Int, val weights: Array[Float], val slots: Array[Array[Float]]) {
  def length: Int = weights.length
}

/** The weights and the optimizer's slots of one fit. It locks nothing: who may touch what, and when, is the business of
  * the consistency mode.
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

  /** All weights, in order. */
  val shards: Array[Shard] = (0L until length.toLong by shardLength.toLong).map { from =>
    val size = math.min(shardLength.toLong, length - from).toInt
    val weights = java.util.Arrays.copyOfRange(initial, from.toInt, from.toInt + size)
    new Shard(from.toInt, weights, slotInitials.map(Array.fill(size)(_)).toArray)
  }.toArray

  /** Number of variables. */
  def variables: Int = starts.length

  /** For each shard, the variables in it. */
  lazy val pieces: Array[Array[Piece]] = {
    val ranges = starts.zip(starts.drop(1) :+ length).toArray
    shards.map { shard =>
      ranges.zipWithIndex.collect {
        case ((from, until), variable)
            if from < shard.from + shard.length && until > shard.from && until > from =>
          Piece(variable, math.max(from - shard.from, 0), math.min(until - shard.from, shard.length))
      }
    }
  }

  /** The shards' weights, and then each of their slots: without a way through the shards. */
  private val columns: Array[Array[Array[Float]]] =
    (shards.map(_.weights) +: slotInitials.indices.map(s => shards.map(_.slots(s)))).toArray

  private val crew: Option[Crew] =
    Option.when(threads > 1 && shards.length >= 2 * threads * fewest)(new Crew(threads))

  /** Runs `work` once on each shard; when this returns all is done. The second argument is room for a shard's gradient,
    * the thread's own.
    */
  def sweep(work: (Shard, Array[Float]) => Unit): Unit =
    share(shards.length)((i, room) => work(shards(i), room))

  /** Runs `work` once on each number in `[0, count)`, which stands for as much work as a shard is; else as `sweep`. */
  def share(count: Int)(work: (Int, Array[Float]) => Unit): Unit = crew match {
    case Some(crew) if count >= 2 * threads * fewest =>
      crew.share(count)((from, until) => range(from, until, work))
    case _ => range(0, count, work)
  }

  /** Copies rows of `width` weights, and their slots, into the block, one after the other.
    *
    * @param starts the number of each row's first weight
    */
  def load(starts: Array[Int], count: Int, width: Int, block: Block): Unit =
    columns.indices.foreach(c => move(starts, count, width, columns(c), block.columns(c), in = true))

  /** Copies what `load` has copied back to where it was. */
  def save(starts: Array[Int], count: Int, width: Int, block: Block): Unit =
    columns.indices.foreach(c => move(starts, count, width, columns(c), block.columns(c), in = false))

  /** As `load`, but no slots. */
  def loadWeights(starts: Array[Int], count: Int, width: Int, block: Block): Unit =
    move(starts, count, width, columns.head, block.weights, in = true)

  // One array of all rows after the other, so that the processor waits for the memory of several rows at a time.
  private def move(
      starts: Array[Int],
      count: Int,
      width: Int,
      column: Array[Array[Float]],
      side: Array[Float],
      in: Boolean
  ): Unit = {
    if (in) touch(starts, count, width, column, side)
    var k = 0
    while (k < count) {
      var done = 0
      while (done < width) {
        val number = starts(k) + done
        val start = number % shardLength
        val n = math.min(width - done, shardLength - start)
        if (in) System.arraycopy(column(number / shardLength), start, side, k * width + done, n)
        else System.arraycopy(side, k * width + done, column(number / shardLength), start, n)
        done += n
      }
      k += 1
    }
  }

  /** Reads the first and the last value of each row, which mostly lies across two of the memory's lines: nothing but
    * loads, so that many rows' memory is on its way at once. `side` is about to be filled; the sum goes there, or the loop
    * would be left out.
    */
  private def touch(
      starts: Array[Int],
      count: Int,
      width: Int,
      column: Array[Array[Float]],
      side: Array[Float]
  ): Unit = {
    var sum = 0f
    var k = 0
    while (k < count) {
      val last = starts(k) + width - 1
      sum += column(starts(k) / shardLength)(starts(k) % shardLength) +
        column(last / shardLength)(last % shardLength)
      k += 1
    }
    side(0) = sum
  }

  /** A copy of the weights. */
  def weights(): Array[Float] = copy(_.weights)

  /** A copy of each slot. */
  def slots(): Seq[Array[Float]] = slotInitials.indices.map(s => copy(_.slots(s)))

  /** Sets the slots to what `slots` has given. */
  def restore(slots: Seq[Array[Float]]): Unit = {
    require(
      slots.length == slotInitials.length && slots.forall(_.length == length),
      s"the optimizer has ${slotInitials.length} slots of $length values, but ${slots.map(_.length).mkString(", ")} values were given"
    )
    for ((values, s) <- slots.zipWithIndex; shard <- shards)
      System.arraycopy(values, shard.from, shard.slots(s), 0, shard.length)
  }

  private def copy(column: Shard => Array[Float]): Array[Float] = {
    val all = new Array[Float](length)
    shards.foreach(s => System.arraycopy(column(s), 0, all, s.from, s.length))
    all
  }

  /** Ends the threads; sweeps are over. */
  def close(): Unit = crew.foreach(_.close())

  private def range(from: Int, until: Int, work: (Int, Array[Float]) => Unit): Unit = {
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
