package sparkflow.ps.consistency

import sparkflow.ps.store.{Excerpt, FloatSource, Selection, TableRows}

/** Vectors times their shares, summed in their order. */
private[consistency] final class Mean(parts: Array[FloatSource], shares: Array[Float]) extends FloatSource {
  override def get(from: Int, into: Array[Float], at: Int, count: Int): Unit = {
    val own = Room(count)
    java.util.Arrays.fill(into, at, at + count, 0f)
    var p = 0
    while (p < parts.length) {
      parts(p).get(from, own, 0, count)
      val share = shares(p)
      var i = 0
      while (i < count) {
        into(at + i) += share * own(i)
        i += 1
      }
      p += 1
    }
  }
}

/** The rows of an excerpt among those of a larger selection; 0 for the others. */
private[consistency] final class Spread(of: Excerpt[FloatSource], among: Selection) extends FloatSource {
  private val values = {
    val all = new Array[Float](among.valueCount)
    val places = among.rows.map(r => r.table -> r).toMap
    of.selection.rows.foreach(rows => fill(all, rows, places(rows.table)))
    all
  }

  override def get(from: Int, into: Array[Float], at: Int, count: Int): Unit =
    System.arraycopy(values, from, into, at, count)

  private def fill(all: Array[Float], rows: TableRows, place: TableRows): Unit = {
    val width = rows.table.width
    var k = 0
    var found = 0
    while (k < rows.rows.length) {
      while (place.rows(found) != rows.rows(k)) found += 1 // both ascend, and each of ours is there
      of.rows.get(rows.at + k * width, all, place.at + found * width, width)
      k += 1
    }
  }
}
