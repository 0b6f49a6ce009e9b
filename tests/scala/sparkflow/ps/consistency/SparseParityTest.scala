package sparkflow.ps.consistency

import java.nio.{ByteBuffer, ByteOrder}
import java.nio.file.{Files, Path}

import org.json4s._
import org.json4s.jackson.JsonMethods
import org.scalatest.funsuite.AnyFunSuite

import sparkflow.ps.optim.{Fixtures, Optimizer}
import sparkflow.ps.store._

/** Rows of a table under every optimizer, against what TensorFlow did with the same tf.IndexedSlices, as
  * dev/sparse_fixtures.py stored it.
  */
class SparseParityTest extends AnyFunSuite {
  private implicit val formats: Formats = DefaultFormats

  private val relative = 1e-5

  // See TensorFlowParityTest; up to a hundred steps of 0.01 that an idle row takes add up to 1 in another order.
  private val floor = 3e-7

  private def file(name: String) = Files.readAllBytes(Path.of("tests/fixtures/sparse", name))
  private val index = JsonMethods.parse(new String(file("index.json"), "UTF-8"))
  private val stored = ByteBuffer.wrap(file("weights.bin")).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer

  private val dense = (index \ "dense").extract[Int]
  private val rows = (index \ "shape")(0).extract[Int]
  private val width = (index \ "shape")(1).extract[Int]

  // Before them a filler, so long that one of the rows lies in two shards.
  private val filler = ShardStore.shardLength - dense - 2 * width - 1
  private val layout = Layout(
    Seq(Variable("filler", Seq(filler)), Variable("dense", Seq(dense)), Variable("table", Seq(rows, width))),
    Nil
  )
  private val tables = new Tables(layout, Seq("table"))

  test("every optimizer of TensorFlow is there") {
    assert(
      (index \ "cases" \ "optimizer").extract[Seq[String]].distinct.sorted === Optimizer.ofTensorFlow.sorted
    )
  }

  for ((one, number) <- (index \ "cases").children.zipWithIndex) {
    val name = (one \ "optimizer").extract[String]
    val rate = (one \ "learning_rate").extract[Double]
    val options = (one \ "options").values.asInstanceOf[Map[String, Any]]
    val steps = (one \ "steps").extract[Int]
    val every = (one \ "every").extract[Int]
    val bound = (one \ "bound").extract[Double]
    val expected = Seq.fill(steps / every) {
      val after = new Array[Float](dense + rows * width)
      stored.get(after)
      after
    }

    /** Trains; `look` says which steps' answers bring all rows. @return all weights at the end */
    def follow(mode: String, look: Int => Boolean): Array[Float] = {
      val draws = new Fixtures.Draws
      val start = Array.fill(filler)(0f) ++ Array.fill(dense + rows * width)(draws.number())
      val keeper = Consistency(mode, Optimizer.create(name, rate, options), start, 1)
      for (step <- 1 to steps) {
        val gradient = Array.fill(filler)(0f) ++ Array.fill(dense)(draws.component())
        val chosen = (1 until rows).filter(_ => draws.number() > bound).toArray
        val values = Array.fill(chosen.length * width)(draws.component())
        val asked = if (look(step)) Array.range(0, rows) else Array(rows / 2)
        val answer = excerpt(tables.select(asked))
        val pushed = excerpt(tables.select(chosen), gradient, values)
        assert(keeper.pushRows(pushed, answer) === step.toLong)
        if (look(step) && step % every == 0)
          compare(
            s"step $step",
            answer.dense.toArray.drop(filler) ++ answer.rows.toArray,
            expected(step / every - 1)
          )
      }
      keeper.weights()
    }

    val title = s"case $number: $name ${options.mkString(", ")}, $steps steps"
    test(s"$title, all rows read after each")(follow("locked", _ => true))
    test(s"$title, all rows read at times")(follow("hogwild", _ % every == 0))
    test(s"$title, all rows read at the end") {
      compare("the last step", follow("locked", _ => false).drop(filler), expected.last)
    }
  }

  private def excerpt(
      selection: Selection,
      dense: Array[Float] = new Array(tables.denseCount),
      rows: Array[Float] = null
  ): Excerpt[NativeFloats] = {
    val values = if (rows == null) new Array[Float](selection.valueCount) else rows
    new Excerpt(selection, native(dense), native(values))
  }

  private def native(values: Array[Float]): NativeFloats = {
    val bytes = ByteBuffer.allocateDirect(4 * values.length)
    bytes.order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer.put(values)
    new NativeFloats(Seq(bytes))
  }

  private def compare(when: String, ours: Array[Float], theirs: Array[Float]): Unit =
    for (i <- theirs.indices) {
      val difference = math.abs(ours(i).toDouble - theirs(i))
      // Written so that NaN fails.
      if (!(difference <= relative * math.abs(theirs(i)) + floor))
        fail(s"weight $i after $when is ${ours(i)}, but ${theirs(i)} in TensorFlow")
    }
}
