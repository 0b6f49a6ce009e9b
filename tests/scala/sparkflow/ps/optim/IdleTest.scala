package sparkflow.ps.optim

import scala.util.Random

import org.scalatest.funsuite.AnyFunSuite

/** Steps that are made up for at once, against the same taken one by one. */
class IdleTest extends AnyFunSuite {
  private val width = 5
  private val rows = 6

  test("only Adam moves rows that have no gradient") {
    val moving = Optimizer.names.filter(Optimizer.create(_, 0.1, Map.empty).idle.isDefined)
    assert(moving === Seq("adam"))
  }

  for (beta2 <- Seq(0.999f, 0.99f, 0.98f, 0.97f, 0.96f, 0.95f)) // those that fits take by themselves
    test(s"the missed steps of many rows cost no more than those of one, beta2 $beta2") {
      def rates(rows: Int): Int = {
        var asked = 0
        val idle = new AdamIdle(0.9f, beta2, 1e-8f, _ => { asked += 1; 0.01f })
        val values = Array.fill(4)(Array.fill(rows * width)(0.1f))
        idle.until(300)(values(0), values.slice(1, 3), width, Array.fill(rows)(100L), rows, values(3))
        asked
      }
      assert(rates(50) === rates(1))
    }

  for {
    (beta1, beta2) <- Seq(
      0.9 -> 0.999,
      0.5 -> 0.999,
      0.0 -> 0.999,
      0.9 -> 0.9999,
      0.9 -> 0.99, // as with 2 workers
      0.9 -> 0.96, // 8
      0.9 -> 0.95, // 10 and more
      0.9 -> 0.9,
      0.9 -> 0.85
    )
    epsilon <- Seq(1e-8, 1e-3)
    size <- Seq(1f, 1e-6f, 1e-9f) // of gradients: their roots are above epsilon, about it, below it
  } test(s"beta1 $beta1, beta2 $beta2, epsilon $epsilon, gradients of $size") {
    val adam = Optimizer.create("adam", 0.01, Map("beta1" -> beta1, "beta2" -> beta2, "epsilon" -> epsilon))
    val random = new Random(1)
    for (first <- Seq(1L, 7L, 900L, 3000L)) {
      val weights = Array.fill(rows * width)(0.1f * random.nextGaussian().toFloat)
      val slots = Array.fill(2)(new Array[Float](rows * width))
      for (t <- math.max(1, first - 3) to first)
        adam.step(
          weights,
          Array.fill(rows * width)(size * random.nextGaussian().toFloat),
          slots,
          0,
          rows * width,
          t
        )

      // Row k is k steps behind, or a hundred times, or a thousand times as many; row 0 not at all.
      for (pace <- Seq(1L, 100L, 1000L)) {
        val now = first + 5 * pace
        val last = Array.tabulate(rows)(k => now - k * pace)
        last(rows - 1) = 0 // and the last row has never had a gradient
        val (ours, theirs) = (weights.clone(), weights.clone())
        val (ourSlots, theirSlots) = (slots.map(_.clone()), slots.map(_.clone()))
        val room = new Array[Float](weights.length)
        adam.idle.get.until(now)(ours, ourSlots, width, last, rows, room)
        for (k <- 0 until rows - 1; t <- last(k) + 1 to now)
          adam.step(theirs, new Array[Float](rows * width), theirSlots, k * width, (k + 1) * width, t)
        for (i <- ours.indices) {
          val way = math.abs(theirs(i) - weights(i))
          assert(math.abs(ours(i) - theirs(i)) <= 1e-6 + 1e-5 * way, s"weight $i, $pace, from $first")
          for (s <- 0 to 1)
            assert(
              math.abs(ourSlots(s)(i) - theirSlots(s)(i)) <= 1e-24 + 5e-4 * math.abs(theirSlots(s)(i)),
              s"slot $s of $i, $pace, from $first"
            )
        }
      }
    }
  }
}
