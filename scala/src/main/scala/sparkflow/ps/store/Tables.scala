package sparkflow.ps.store

import org.json4s._
import org.json4s.jackson.JsonMethods.parse

import scala.util.control.NonFatal

/** A variable whose rows travel one by one.
  *
  * @param from number of its first weight
  */
final case class Table(name: String, from: Int, rows: Int, width: Int)

/** The weights as a worker sees them that takes some variables by rows: the dense part, which is all other variables in
  * the order of the layout, and the tables, whose rows are numbered through, those of the first table first.
  *
  * @param names of the variables that are tables
  * @throws IllegalArgumentException if one is not among the weights, named twice, a scalar, or empty
  */
final class Tables(layout: Layout, names: Seq[String]) {
  import Tables._

  val tables: Seq[Table] = {
    val known =
      layout.weights.zip(layout.starts).map { case (v, start) => v.name -> ((v.shape, start)) }.toMap
    require(names.distinct.size == names.size, s"a table is named twice in ${names.mkString(", ")}")
    names.map { name =>
      val (shape, start) = known.getOrElse(
        name,
        throw new IllegalArgumentException(s"table '$name' is none of the layout's weights")
      )
      require(
        shape.nonEmpty && shape.forall(_ > 0),
        s"table '$name' has shape ${shape.mkString("[", ", ", "]")}, which has no rows"
      )
      Table(name, start, shape.head, shape.tail.product)
    }
  }

  /** For each table the number of its first row. */
  private val firsts: Seq[Int] = tables.scanLeft(0)(_ + _.rows)

  /** Rows of all tables. */
  val rowCount: Int = firsts.last

  /** Values of the dense part. */
  val denseCount: Int = layout.weightCount - tables.map(t => t.rows * t.width).sum

  /** The dense part, cut where shards end. */
  val dense: Array[DensePiece] = {
    val ordered = tables.sortBy(_.from)
    val gaps =
      (0 +: ordered.map(t => t.from + t.rows * t.width)).zip(ordered.map(_.from) :+ layout.weightCount)
    var at = 0
    gaps.flatMap { case (start, end) =>
      cut(start, end).map { case (from, until) =>
        val piece = DensePiece(from / ShardStore.shardLength, from % ShardStore.shardLength, until - from, at)
        at += until - from
        piece
      }
    }.toArray
  }

  /** Nothing but the dense part. */
  val noRows: Selection = select(Array.emptyIntArray)

  /** The dense part and some rows.
    *
    * @param numbers ascending
    * @throws IllegalArgumentException if they are not, or one is not that of a row
    */
  def select(numbers: Array[Int]): Selection = {
    var i = 0
    while (i < numbers.length) {
      if (numbers(i) < 0 || numbers(i) >= rowCount)
        throw new IllegalArgumentException(
          s"row number ${numbers(i)} is not among the ${words(tables)}: 0 to ${rowCount - 1}"
        )
      if (i > 0 && numbers(i) <= numbers(i - 1))
        throw new IllegalArgumentException(
          s"row numbers must ascend, but ${numbers(i)} follows ${numbers(i - 1)}"
        )
      i += 1
    }
    val ends = firsts.tail.map(position(numbers, _))
    selection(tables.zip(firsts).zip((0 +: ends).zip(ends)).collect {
      case ((table, first), (from, until)) if from < until =>
        table -> shifted(numbers, from, until, -first)
    })
  }

  /** The dense part, and the rows that are in any of the selections. */
  def union(selections: Seq[Selection]): Selection = {
    val byTable = selections.flatMap(_.rows).groupMap(_.table)(_.rows)
    selection(tables.filter(byTable.contains).map(table => table -> ascending(byTable(table))))
  }

  /** Of these rows, whose values lie one after the other. */
  private def selection(rows: Seq[(Table, Array[Int])]): Selection = {
    val starts = rows.scanLeft(0) { case (at, (table, numbers)) => at + numbers.length * table.width }
    val placed = rows.zip(starts).map { case ((table, numbers), at) => new TableRows(table, numbers, at) }
    new Selection(this, placed, starts.last)
  }
}

object Tables {

  /** Reads what a Hello brings: a JSON array of names, or nothing.
    *
    * @throws IllegalArgumentException if it is not that
    */
  def names(json: String): Seq[String] =
    if (json.isEmpty) Nil
    else {
      val read =
        try parse(json)
        catch { case NonFatal(_) => JNothing }
      read match {
        case JArray(values) if values.forall(_.isInstanceOf[JString]) =>
          values.collect { case JString(name) => name }
        case _ =>
          throw new IllegalArgumentException(
            s"tables must be a JSON array of names, got '${json.take(80)}'"
          )
      }
    }

  private def cut(start: Int, end: Int): Seq[(Int, Int)] = {
    val length = ShardStore.shardLength.toLong
    val inner = (start / length + 1) * length until end.toLong by length
    if (start == end) Nil
    else (start.toLong +: inner).zip(inner :+ end.toLong).map { case (a, b) => (a.toInt, b.toInt) }
  }

  private def shifted(numbers: Array[Int], from: Int, until: Int, by: Int): Array[Int] = {
    val part = java.util.Arrays.copyOfRange(numbers, from, until)
    var k = 0
    while (k < part.length) {
      part(k) += by
      k += 1
    }
    part
  }

  /** The numbers that are in any of the arrays, each once. */
  private def ascending(numbers: Seq[Array[Int]]): Array[Int] = {
    val all = Array.concat(numbers: _*)
    java.util.Arrays.sort(all)
    var kept = 0
    var k = 0
    while (k < all.length) {
      if (kept == 0 || all(k) != all(kept - 1)) {
        all(kept) = all(k)
        kept += 1
      }
      k += 1
    }
    all.take(kept)
  }

  /** How many of the ascending numbers are below `bound`. */
  private def position(numbers: Array[Int], bound: Int): Int = {
    val found = java.util.Arrays.binarySearch(numbers, bound)
    if (found >= 0) found else -found - 1
  }

  private def words(tables: Seq[Table]): String =
    if (tables.isEmpty) "no rows, as no variable is a table"
    else tables.map(t => s"${t.rows} rows of '${t.name}'").mkString(" and the ")
}

/** A piece of the dense part within one shard.
  *
  * @param from within the shard
  * @param at its first value's number within the dense part
  */
final case class DensePiece(shard: Int, from: Int, count: Int, at: Int)

/** Rows of one table.
  *
  * @param rows their numbers within the table, ascending
  * @param at the first value's number among the values of all selected rows
  */
final class TableRows(val table: Table, val rows: Array[Int], val at: Int)

/** What travels in one exchange: the dense part, and some rows of each table.
  *
  * @param valueCount values of the rows
  */
final class Selection(val of: Tables, val rows: Seq[TableRows], val valueCount: Int)

/** The values of a selection, or a gradient for them.
  *
  * @tparam V a vector to be read or to be written
  * @param rows one row after the other, in the order of their numbers
  */
final class Excerpt[+V](val selection: Selection, val dense: V, val rows: V)
