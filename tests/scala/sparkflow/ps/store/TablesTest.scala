package sparkflow.ps.store

import org.scalatest.funsuite.AnyFunSuite

class TablesTest extends AnyFunSuite {
  private val layout = Layout(
    Seq(
      Variable("first", Seq(3)),
      Variable("words", Seq(10000, 4)),
      Variable("kernel", Seq(20000)),
      Variable("tags", Seq(5, 2, 3)),
      Variable("scalar", Nil)
    ),
    Nil
  )

  test("the dense part is all but the tables, in the layout's order, cut where shards end") {
    val tables = new Tables(layout, Seq("tags", "words"))
    assert(tables.tables === Seq(Table("tags", 60003, 5, 6), Table("words", 3, 10000, 4)))
    assert(tables.rowCount === 10005)
    assert(tables.denseCount === 3 + 20000 + 1)
    val pieces = tables.dense.toSeq
    val ranges = pieces.map(p => p.shard * ShardStore.shardLength + p.from -> p.count)
    assert(ranges === Seq(0 -> 3, 40003 -> 9149, 49152 -> 10851, 60033 -> 1))
    assert(pieces.map(_.at) === Seq(0, 3, 9152, 20003))
    assert(pieces.forall(p => p.from + p.count <= ShardStore.shardLength))
  }

  test("without tables all is dense; with tables alone nothing is") {
    assert(new Tables(layout, Nil).denseCount === layout.weightCount)
    val alone = new Tables(Layout(Seq(Variable("w", Seq(2, 3))), Nil), Seq("w"))
    assert(alone.denseCount === 0 && alone.dense.isEmpty)
  }

  test("rows are numbered through the tables") {
    val tables = new Tables(layout, Seq("tags", "words"))
    val chosen = tables.select(Array(0, 4, 5, 10004))
    assert(
      chosen.rows.map(r => (r.table.name, r.rows.toSeq, r.at)) ===
        Seq(("tags", Seq(0, 4), 0), ("words", Seq(0, 9999), 12))
    )
    assert(chosen.valueCount === 2 * 6 + 2 * 4)
    assert(tables.select(Array(7)).rows.map(r => r.table.name -> r.rows.toSeq) === Seq("words" -> Seq(2)))
    assert(tables.noRows.rows.isEmpty && tables.noRows.valueCount === 0)
  }

  test("numbers that are no rows, and numbers that do not ascend, are refused") {
    val tables = new Tables(layout, Seq("words"))
    def why(numbers: Int*) =
      intercept[IllegalArgumentException](tables.select(numbers.toArray)).getMessage
    assert(why(-1).contains("row number -1 is not among the 10000 rows of 'words'"))
    assert(why(3, 10000).contains("row number 10000"))
    assert(why(3, 3).contains("3 follows 3"))
    assert(why(5, 2).contains("2 follows 5"))
  }

  test("what has no rows is no table") {
    def why(names: String*) =
      intercept[IllegalArgumentException](new Tables(layout, names)).getMessage
    assert(why("word").contains("'word' is none"))
    assert(why("scalar").contains("has no rows"))
    assert(why("tags", "tags").contains("twice"))
    val empty = Layout(Seq(Variable("e", Seq(0, 4))), Nil)
    assert(intercept[IllegalArgumentException](new Tables(empty, Seq("e"))).getMessage.contains("[0, 4]"))
  }

  test("names come as a JSON array, or not at all") {
    assert(Tables.names("") === Nil)
    assert(Tables.names("""["a/b","ü"]""") === Seq("a/b", "ü"))
    Seq("[", "{}", "[1]", "\"a\"").foreach(bad => intercept[IllegalArgumentException](Tables.names(bad)))
  }
}
