package sparkflow.ps.optim

import org.scalatest.funsuite.AnyFunSuite

/** Names, options and their errors, and what the rules promise apart from TensorFlow's numbers. */
class OptimizerTest extends AnyFunSuite {

  private def message(name: String, options: (String, Any)*): String =
    intercept[IllegalArgumentException](Optimizer.create(name, 0.01, options.toMap)).getMessage

  /** The weights after some steps, which show every option that an optimizer has. */
  private def run(optimizer: Optimizer, steps: Int = 5): Seq[Float] = {
    val draws = new Fixtures.Draws
    val weights = draws.weights()
    val slots = optimizer.slots.map(slot => Array.fill(weights.length)(slot.initial)).toArray
    for (t <- 1 to steps) optimizer.step(weights, draws.gradient(), slots, 0, weights.length, t.toLong)
    weights.toSeq
  }

  test("the names, in order") {
    assert(
      Optimizer.names == Seq(
        "adam",
        "rmsprop",
        "momentum",
        "adadelta",
        "adagrad",
        "gradient_descent",
        "adagrad_da",
        "ftrl",
        "proximal_adagrad",
        "proximal_gradient_descent",
        "adamw",
        "keras_rmsprop",
        "keras_momentum",
        "nadam",
        "lion",
        "lamb"
      )
    )
    assert(Optimizer.names.map(Optimizer.create(_, 0.1, Map.empty).name) == Optimizer.names)
  }

  test("the names that a TensorFlow session knows, too") {
    assert(Optimizer.ofTensorFlow == Optimizer.names.take(10))
  }

  // Arguments of the constructors that are no option here, or no number.
  private val notOptions =
    Set("name", "use_locking", "use_own_namescope_for_non_slot_vars", "learning_rate") ++
      Set("global_step", "accum_name", "linear_name", "amsgrad")

  for (name <- Optimizer.names)
    test(s"$name has the options and defaults of TensorFlow or Keras") {
      val theirs = Fixtures.constructors(name).filterNot { case (option, _) => notOptions(option) }.map {
        case ("momentum", "required") => "momentum" -> 0.9 // SparkFlow's
        case ("beta", null)           => "beta" -> 0.0 // what None stands for in TensorFlow
        case ("weight_decay", null)   => "weight_decay" -> 0.0 // and in Keras
        case other                    => other
      }
      assert(Optimizer.defaults(name).toMap == theirs)
      val spelledOut = Optimizer.create(name, 0.1, theirs + ("use_locking" -> true) + ("name" -> "x"))
      assert(run(spelledOut) == run(Optimizer.create(name, 0.1, Map.empty)))
    }

  test("a value may come as any numeric type, and null means the default") {
    val expected = run(Optimizer.create("momentum", 1.0, Map("momentum" -> 0.0)))
    for (zero <- Seq[Any](0, 0L, 0f, BigInt(0), BigDecimal(0), 0.toShort))
      assert(run(Optimizer.create("momentum", 1.0, Map("momentum" -> zero))) == expected, zero.getClass)
    val nesterov = Optimizer.create("momentum", 1.0, Map("momentum" -> null, "use_nesterov" -> true))
    val same = Optimizer.create("momentum", 1.0, Map("momentum" -> 0.9, "use_nesterov" -> true))
    assert(run(nesterov) == run(same))
  }

  test("learning_rate among the options wins") {
    val options = Map("learning_rate" -> 0.5)
    assert(
      run(Optimizer.create("adam", 0.01, options)) == run(Optimizer.create("adam", 0.5, Map.empty))
    )
  }

  test("initial_accumulator is adagrad's initial_accumulator_value, but not both at once") {
    val short = Optimizer.create("adagrad", 0.1, Map("initial_accumulator" -> 2.5))
    assert(short.slots == Seq(Slot("accumulator", 2.5f)))
    assert(
      message("adagrad", "initial_accumulator" -> 1.0, "initial_accumulator_value" -> 1.0) ==
        "adagrad: 'initial_accumulator' and 'initial_accumulator_value' are the same option; give one of them"
    )
    assert(message("proximal_adagrad", "initial_accumulator" -> 1.0).contains("initial_accumulator_value"))
  }

  test("all options with their values, as TensorFlow's constructor takes them") {
    val all = Optimizer.options("adagrad", 0.5, Map("initial_accumulator" -> 2, "use_locking" -> true))
    assert(all == Seq("learning_rate" -> 0.5, "initial_accumulator_value" -> 2))
    val some = Map[String, Any]("learning_rate" -> 0.25, "centered" -> true, "decay" -> null)
    val expected = Map[String, Any](
      "learning_rate" -> 0.25,
      "decay" -> 0.9,
      "momentum" -> 0.0,
      "epsilon" -> 1e-10,
      "centered" -> true
    )
    assert(Optimizer.options("rmsprop", 0.5, some).toMap == expected)
    intercept[IllegalArgumentException](Optimizer.options("adam", 0.5, Map("beta_1" -> 0.9)))
  }

  test("an unknown optimizer") {
    val all = Optimizer.names.mkString(", ")
    assert(
      message(
        "adamx"
      ) == s"there is no optimizer 'adamx' (did you mean 'adam' or 'adamw'?); choose one of $all"
    )
    assert(message("Adam").contains("(did you mean 'adam'?)"))
    assert(message("gradient-descent").contains("(did you mean 'gradient_descent'?)"))
    assert(message("rms_prop").contains("(did you mean 'rmsprop'?)"))
    assert(message("muon") == s"there is no optimizer 'muon'; choose one of $all")
    assert(message("") == s"there is no optimizer ''; choose one of $all")
  }

  test("an unknown option") {
    assert(
      message("adam", "beta_1" -> 0.9) ==
        "adam has no option 'beta_1' (did you mean 'beta1'?); it takes learning_rate, beta1, beta2, epsilon"
    )
    assert(
      message("momentum", "nesterov" -> true) ==
        "momentum has no option 'nesterov' (did you mean 'use_nesterov'?); " +
        "it takes learning_rate, momentum, use_nesterov"
    )
    assert(
      message("gradient_descent", "momentum" -> 0.9) ==
        "gradient_descent has no option 'momentum'; it takes learning_rate"
    )
  }

  test("a value of the wrong type") {
    assert(
      message("adam", "beta1" -> "0.9") ==
        "adam: beta1 is the text '0.9', but must be a number in [0, 1) (as a 32-bit float)"
    )
    assert(
      message("adam", "epsilon" -> true) ==
        "adam: epsilon is true, but must be a finite number >= 0 (as a 32-bit float)"
    )
    assert(message("rmsprop", "centered" -> 1) == "rmsprop: centered is 1, but must be true or false")
    assert(message("rmsprop", "decay" -> Seq(0.9)).startsWith("rmsprop: decay is [0.9], but must be"))
  }

  test("a learning rate that is not a finite number > 0") {
    val expected = "must be a finite number > 0 (as a 32-bit float)"
    for (rate <- Seq(0.0, -0.1, Double.NaN, Double.PositiveInfinity, 1e39, 1e-50)) {
      val asParam = intercept[IllegalArgumentException](Optimizer.create("adam", rate, Map.empty))
      assert(asParam.getMessage == s"adam: learning_rate is $rate, but $expected")
      assert(message("ftrl", "learning_rate" -> rate) == s"ftrl: learning_rate is $rate, but $expected")
    }
  }

  test("Keras' names of the betas are theirs, too") {
    for (name <- Seq("adamw", "nadam", "lion", "lamb")) {
      val keras = Optimizer.create(name, 0.1, Map("beta_1" -> 0.5, "beta_2" -> 0.7))
      assert(run(keras) == run(Optimizer.create(name, 0.1, Map("beta1" -> 0.5, "beta2" -> 0.7))))
    }
  }

  private val outOfRange = Seq(
    ("adam", "beta1", 1.0, "a number in [0, 1)"),
    ("adam", "beta2", -0.1, "a number in [0, 1)"),
    ("adam", "beta2", 0.999999999, "a number in [0, 1)"), // 1 as a float32
    ("adam", "epsilon", -1e-8, "a finite number >= 0"),
    ("adam", "epsilon", Double.NaN, "a finite number >= 0"),
    ("rmsprop", "decay", 1.1, "a number in [0, 1]"),
    ("rmsprop", "momentum", 1.1, "a number in [-1, 1]"),
    ("rmsprop", "epsilon", -1.0, "a finite number >= 0"),
    ("momentum", "momentum", -1.1, "a number in [-1, 1]"),
    ("adadelta", "rho", 1.5, "a number in [0, 1]"),
    ("adadelta", "epsilon", Double.PositiveInfinity, "a finite number >= 0"),
    ("adagrad", "initial_accumulator_value", 0.0, "a finite number > 0"),
    ("adagrad_da", "initial_gradient_squared_accumulator_value", 0.0, "a finite number > 0"),
    ("adagrad_da", "l1_regularization_strength", -0.1, "a finite number >= 0"),
    ("adagrad_da", "l2_regularization_strength", -0.1, "a finite number >= 0"),
    ("ftrl", "learning_rate_power", 0.1, "a finite number <= 0"),
    ("ftrl", "initial_accumulator_value", -0.1, "a finite number >= 0"),
    ("ftrl", "l1_regularization_strength", -0.1, "a finite number >= 0"),
    ("ftrl", "l2_regularization_strength", -0.1, "a finite number >= 0"),
    ("ftrl", "l2_shrinkage_regularization_strength", -0.1, "a finite number >= 0"),
    ("ftrl", "beta", -1.0, "a finite number >= 0"),
    ("proximal_adagrad", "initial_accumulator_value", 0.0, "a finite number > 0"),
    ("proximal_adagrad", "l1_regularization_strength", -0.1, "a finite number >= 0"),
    ("proximal_adagrad", "l2_regularization_strength", -0.1, "a finite number >= 0"),
    ("proximal_gradient_descent", "l1_regularization_strength", -0.1, "a finite number >= 0"),
    ("proximal_gradient_descent", "l2_regularization_strength", -0.1, "a finite number >= 0"),
    ("adamw", "beta2", 1.0, "a number in [0, 1)"),
    ("adamw", "epsilon", 0.0, "a finite number > 0"),
    ("adamw", "weight_decay", -0.1, "a finite number >= 0"),
    ("keras_rmsprop", "rho", 1.1, "a number in [0, 1]"),
    ("keras_rmsprop", "epsilon", 0.0, "a finite number > 0"),
    ("nadam", "beta1", 1.0, "a number in [0, 1)"),
    ("lion", "beta2", 1.1, "a number in [0, 1]"),
    ("lion", "weight_decay", -0.1, "a finite number >= 0"),
    ("lamb", "beta2", 1.0, "a number in [0, 1)"),
    ("lamb", "epsilon", 0.0, "a finite number > 0"),
    ("lamb", "weight_decay", -0.1, "a finite number >= 0")
  )

  for ((name, option, value, expected) <- outOfRange)
    test(s"$name refuses $option = $value")(
      assert(
        message(
          name,
          option -> value
        ) == s"$name: $option is $value, but must be $expected (as a 32-bit float)"
      )
    )

  test("a step touches nothing outside its range") {
    for (name <- Optimizer.names) {
      val optimizer = Optimizer.create(name, 0.1, Map.empty)
      val weights = Array.fill(10)(0.5f)
      val slots = optimizer.slots.map(slot => Array.fill(10)(slot.initial)).toArray
      optimizer.step(weights, Array.fill(10)(2f), slots, 3, 7, 1)
      for ((array, start) <- (weights, 0.5f) +: slots.toSeq.zip(optimizer.slots.map(_.initial))) {
        val touched = array.indices.filter(array(_) != start)
        assert(touched == (3 until 7), name)
      }
      optimizer.step(weights, Array.fill(10)(1f), slots, 10, 10, 2) // an empty shard
    }
  }

  test("threads may share one instance, each on its own shard") {
    for (name <- Optimizer.names.diff(Optimizer.layerwise)) {
      val optimizer = Optimizer.create(name, 0.1, Map.empty)
      val draws = new Fixtures.Draws
      val weights = draws.weights()
      val slots = optimizer.slots.map(slot => Array.fill(weights.length)(slot.initial)).toArray
      val gradients = Seq.fill(20)(draws.gradient())
      val threads = weights.indices.grouped(300).map { shard =>
        val thread = new Thread(() =>
          for ((gradient, t) <- gradients.zipWithIndex)
            optimizer.step(weights, gradient, slots, shard.head, shard.last + 1, t + 1L)
        )
        thread.start()
        thread
      }
      threads.toList.foreach(_.join())
      val same = weights.toSeq == run(optimizer, 20)
      assert(same, name)
    }
  }

  test("Adam's rate goes on smoothly after the steps whose powers it keeps") {
    val adam = Optimizer.create("adam", 0.01, Map.empty)
    def update(t: Long): Double = {
      val weight = Array(0f)
      // Averages as after many gradients of 1: the update is then the rate with its bias correction.
      adam.step(weight, Array(1f), Array(Array(1f), Array(1f)), 0, 1, t)
      -weight(0)
    }
    for (t <- Seq(1L, 2L, 1023L, 1024L, 1025L, 5000L, 1000000L, 10000000000L)) {
      val exact = 0.01 * math
        .sqrt(1 - math.pow(0.999f.toDouble, t.toDouble)) / (1 - math.pow(0.9f.toDouble, t.toDouble))
      assert(math.abs(update(t) / exact - 1) < 1e-5, s"t = $t")
    }
  }

  test("centered RMSProp outlives averages of different updates, as racing threads leave them") {
    val optimizer = Optimizer.create("rmsprop", 0.1, Map("centered" -> true))
    val weight = Array(1f)
    optimizer.step(weight, Array(0f), Array(Array(0.25f), Array(1f), Array(0f)), 0, 1, 7)
    assert(weight(0) == 1f)
  }

  test("no average comes to rest among the subnormal numbers when the gradient stays 0") {
    for (
      name <- Seq("adam", "rmsprop", "momentum", "adadelta", "keras_rmsprop", "nadam", "lion", "lamb");
      first <- Seq(1f, -1f)
    ) {
      val optimizer = Optimizer.create(name, 0.1, Map.empty)
      val slots = optimizer.slots.map(slot => Array(slot.initial)).toArray
      val weight = Array(0f)
      optimizer.step(weight, Array(first), slots, 0, 1, 1)
      for (t <- 2 to 100000) optimizer.step(weight, Array(0f), slots, 0, 1, t.toLong)
      for (slot <- slots; value = math.abs(slot(0)))
        assert(value == 0f || value >= java.lang.Float.MIN_NORMAL, name)
    }
  }

  test("Adam and its kin forget squares as fast as feedback comes when workers don't wait for each other") {
    for (name <- Seq("adam", "adamw", "nadam", "lamb")) {
      def beta2(workers: Int, set: (String, Any)*) =
        Optimizer.asynchronous(name, set.toMap, workers).get("beta2")
      assert(beta2(1).contains(0.999))
      assert(beta2(2).contains(0.99))
      assert(beta2(8).contains(0.96))
      assert(beta2(1000).contains(0.95))
      assert(beta2(8, "beta2" -> 0.9).contains(0.9))
      assert(beta2(8, "beta2" -> null).contains(0.96))
      assert(beta2(8, "beta2" -> 0.999).contains(0.96))
    }
    assert(Optimizer.asynchronous("nadam", Map("beta_2" -> 0.9), 8) == Map("beta_2" -> 0.9))
    assert(Optimizer.asynchronous("nadam", Map("beta_2" -> 0.999), 2) == Map("beta_2" -> 0.99))
    for (name <- Optimizer.names.diff(Seq("adam", "adamw", "nadam", "lamb")))
      assert(Optimizer.asynchronous(name, Map.empty, 8).isEmpty)
  }
}
