package sparkflow.ps.optim

import org.scalatest.funsuite.AnyFunSuite

/** Learning rates that change, against what Keras' schedules gave. */
class ScheduleTest extends AnyFunSuite {
  test("the fixtures have every schedule") {
    assert(Schedule.names.forall(("constant" +: Fixtures.schedules.map(_.config("schedule"))).contains))
  }

  for ((expected, number) <- Fixtures.schedules.zipWithIndex)
    test(s"case $number: ${expected.config.mkString(", ")}") {
      val rate = Schedule.create(0.3f, expected.config)
      for ((theirs, step) <- expected.rates.zipWithIndex)
        assert(math.abs(rate(step + 1L) - theirs) <= 1e-6 * theirs + 1e-7, s"at step $step")
    }

  test("a warm-up alone rises in a straight line and stays") {
    val rate = Schedule.create(0.4f, Map("schedule" -> "constant", "warmup_steps" -> 4))
    assert((1L to 6L).map(rate(_)) == Seq(0f, 0.1f, 0.2f, 0.3f, 0.4f, 0.4f))
    val higher =
      Schedule.create(0.4f, Map("schedule" -> "constant", "warmup_steps" -> 2, "warmup_start" -> 0.2))
    assert((1L to 3L).map(higher(_)) == Seq(0.2f, 0.3f, 0.4f))
  }

  test("a schedule may go on for longer than a fit will") {
    for (one <- Fixtures.schedules) {
      val rate = Schedule.create(0.3f, one.config)(1L << 40)
      assert(rate >= 0f && rate <= 0.3f, one.config)
    }
  }

  test("what is refused") {
    def refused(config: (String, Any)*): String =
      intercept[IllegalArgumentException](Schedule.create(0.1f, config.toMap)).getMessage

    assert(refused() startsWith "there is no \"schedule\" in it; choose one of constant, exponential_decay")
    assert(
      refused("schedule" -> "cosine") startsWith "there is no schedule 'cosine' (did you mean 'cosine_decay'"
    )
    assert(
      refused("schedule" -> "cosine_decay") ==
        "cosine_decay needs decay_steps, which must be a finite number > 0 (as a 32-bit float)"
    )
    val cosine = "schedule" -> "cosine_decay"
    assert(
      refused(cosine, "decay_step" -> 3) contains "has no option 'decay_step' (did you mean 'decay_steps'?)"
    )
    assert(refused(cosine, "decay_steps" -> 0) startsWith "cosine_decay: decay_steps is 0, but must be")
    assert(
      refused(cosine, "decay_steps" -> 9, "alpha" -> 2) startsWith "cosine_decay: alpha is 2, but must be"
    )
    assert(
      refused(cosine, "decay_steps" -> 9, "warmup_steps" -> -1) startsWith "cosine_decay: warmup_steps is -1"
    )
    val pieces = "schedule" -> "piecewise_constant_decay"
    assert(
      refused(pieces, "boundaries" -> Seq(5, 9), "values" -> Seq(0.1, 0.2)) ==
        "piecewise_constant_decay: values has 2 element(s), but with 2 boundaries must have 3"
    )
    assert(
      refused(pieces, "boundaries" -> Seq(9, 5), "values" -> Seq(0.1, 0.2, 0.3)) contains
        "boundaries is [9.0, 5.0], but each must be more than the one before"
    )
    assert(
      refused(pieces, "boundaries" -> Seq(5), "values" -> Seq(0.1, -0.2)) contains
        "values is [0.1, -0.2], but must be a list, with each element a finite number > 0"
    )
  }

  test("rows of a table make up for steps at the rates that those had") {
    val schedule =
      Map[String, Any]("schedule" -> "exponential_decay", "decay_steps" -> 4, "decay_rate" -> 0.5)
    val adam = Optimizer.create("adam", 0.1, Map.empty, Some(schedule))
    def fresh = (Array(1f, -2f), Array(Array(0.3f, 0.2f), Array(0.5f, 0.1f)))
    val (stepped, steppedSlots) = fresh
    for (t <- 4L to 20L) adam.step(stepped, Array(0f, 0f), steppedSlots, 0, 2, t)
    val (idle, idleSlots) = fresh
    adam.idle.get.until(20)(idle, idleSlots, 2, Array(3L), 1, new Array[Float](2))
    for (i <- 0 to 1) assert(math.abs(idle(i) - stepped(i)) < 1e-5)
  }
}
