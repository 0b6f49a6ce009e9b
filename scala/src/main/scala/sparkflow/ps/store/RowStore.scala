package sparkflow.ps.store

/** The rows of a table, each with its slots beside it: weights, then each slot of the optimizer. Whoever takes a row waits
  * for one place in memory, where arrays of their own would be one each; that wait is most of what a row costs.
  *
  * It locks nothing.
  *
  * @param columns the weights and the slots: how many of them
  */
final class RowStore(val table: Table, columns: Int) {
  import RowStore._

  private val width = table.width
  private val stride = Math.multiplyExact(columns, width)
  private val shift =
    31 - Integer.numberOfLeadingZeros(Math.max(1, pageLength / stride)) // rows of a page: 2^shift
  private val mask = (1 << shift) - 1
  private val pages = new Array[Array[Float]](((table.rows - 1) >> shift) + 1)
  private val end = table.from + table.rows * width

  /** Copies `count` of the rows, from the `first` of them on, with their slots into the block, one after the other. */
  def load(rows: Array[Int], first: Int, count: Int, block: Block): Unit = {
    touch(rows, first, count, stride, block.weights)
    move(rows, first, count, block.columns, in = true)
  }

  /** As `load`, but no slots. */
  def loadWeights(rows: Array[Int], first: Int, count: Int, block: Block): Unit = {
    touch(rows, first, count, width, block.weights)
    move(rows, first, count, block.weightsAlone, in = true)
  }

  /** Copies what `load` has copied back to where it was. */
  def save(rows: Array[Int], first: Int, count: Int, block: Block): Unit =
    move(rows, first, count, block.columns, in = false)

  /** Whether values of the table are among those of these numbers. */
  def meets(from: Int, until: Int): Boolean = from < end && until > table.from

  /** Takes what a shard has of the table. */
  def take(shard: Shard): Unit = shard.columns.zipWithIndex.foreach { case (values, c) =>
    overlap(shard.from, values, c, out = false)
  }

  /** Gives a shard what it should have of the table: of as many columns as it has. */
  def give(shard: Shard): Unit = shard.columns.zipWithIndex.foreach { case (values, c) =>
    give(c, shard.from, values)
  }

  /** Puts all values of a column that belong there into a part of all values.
    *
    * @param from number of the part's first value
    */
  def give(column: Int, from: Int, values: Array[Float]): Unit = overlap(from, values, column, out = true)

  private def move(
      rows: Array[Int],
      first: Int,
      count: Int,
      columns: Array[Array[Float]],
      in: Boolean
  ): Unit = {
    var k = 0
    while (k < count) {
      val row = rows(first + k)
      val page = pages(row >> shift)
      var at = (row & mask) * stride
      var c = 0
      while (c < columns.length) {
        if (in) System.arraycopy(page, at, columns(c), k * width, width)
        else System.arraycopy(columns(c), k * width, page, at, width)
        at += width
        c += 1
      }
      k += 1
    }
  }

  /** Reads a value of each of the memory's lines: nothing but loads, so that many rows' memory is on its way at once.
    * `side` is about to be filled; the sum goes there, or the loop would be left out.
    */
  private def touch(rows: Array[Int], first: Int, count: Int, length: Int, side: Array[Float]): Unit = {
    var sum = 0f
    var k = 0
    while (k < count) {
      val row = rows(first + k)
      val page = pages(row >> shift)
      var at = (row & mask) * stride
      val last = at + length - 1
      while (at < last) {
        sum += page(at)
        at += line
      }
      sum += page(last)
      k += 1
    }
    side(0) = sum
  }

  private def overlap(from: Int, values: Array[Float], column: Int, out: Boolean): Unit = {
    val until = Math.min(end, from + values.length)
    var number = Math.max(table.from, from)
    while (number < until) {
      val row = (number - table.from) / width
      val within = (number - table.from) % width
      val n = Math.min(width - within, until - number)
      val at = (row & mask) * stride + column * width + within
      if (out) System.arraycopy(pageOf(row), at, values, number - from, n)
      else System.arraycopy(values, number - from, pageOf(row), at, n)
      number += n
    }
  }

  // Made when its first value comes: the shards that it comes from are let go in the meantime.
  private def pageOf(row: Int): Array[Float] = {
    val number = row >> shift
    if (pages(number) == null)
      pages(number) = new Array[Float](Math.min(1 << shift, table.rows - (number << shift)) * stride)
    pages(number)
  }
}

private object RowStore {
  private val pageLength =
    1 << 14 // values, 64 KiB: far from what the collector of garbage keeps apart as too large
  private final val line = 16 // values: 64 bytes
}
