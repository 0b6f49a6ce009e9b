package sparkflow.params

import org.apache.spark.ml.param.Param
import org.scalatest.funsuite.AnyFunSuite

import sparkflow.ml.SparkAsyncDL

class ParamsTest extends AnyFunSuite {

  test("the defaults are those of SparkFlow 0.7, but for the port") {
    val stage = new SparkAsyncDL
    val defaults = stage.params.flatMap(p => stage.getDefault(p).map(p.name -> _)).toMap
    assert(
      defaults == Map[String, Any](
        "inputCol" -> "transformed",
        "predictionCol" -> "predicted",
        "tensorflowGraph" -> "",
        "tfInput" -> "x:0",
        "tfOutput" -> "out/Sigmoid:0",
        "tfOptimizer" -> "adam",
        "tfLearningRate" -> 0.01,
        "iters" -> 1000,
        "partitions" -> 5,
        "miniBatchSize" -> 128,
        "miniStochasticIters" -> -1,
        "acquireLock" -> false,
        "shufflePerIter" -> true,
        "partitionShuffles" -> 1,
        "toKeepDropout" -> false,
        "verbose" -> 0,
        "port" -> 0,
        "mode" -> "hogwild",
        "maxStaleness" -> 8,
        "stalenessDecay" -> false,
        "delayCompensation" -> 0.0,
        "useRegularizationLosses" -> false,
        "transport" -> "auto",
        "localSteps" -> 1,
        "compression" -> "none",
        "sparseTables" -> true,
        "spillLimit" -> -1L,
        "checkpointInterval" -> 1000,
        "checkpointKeep" -> 2,
        "resume" -> false,
        "workerTimeout" -> 30,
        "waitTimeout" -> 600,
        "validationFraction" -> 0.0,
        "earlyStoppingPatience" -> 0,
        "earlyStoppingMinDelta" -> 0.0,
        "restoreBest" -> false,
        "monitor" -> "loss",
        "monitorMode" -> "auto",
        "clipNorm" -> 0.0,
        "clipVariableNorm" -> 0.0,
        "clipValue" -> 0.0,
        "gradientAccumulationSteps" -> 1,
        "inferenceBatchSize" -> 1024,
        "fromLogits" -> false
      )
    )
  }

  test("the doc of tfOptimizer names every optimizer") {
    val doc = new SparkAsyncDL().tfOptimizer.doc
    val unnamed =
      sparkflow.ps.optim.Optimizer.names.filterNot(name => s"[ ,:]$name[,. ]".r.findFirstIn(doc).isDefined)
    assert(unnamed.isEmpty)
  }

  test("optional params have no default") {
    val stage = new SparkAsyncDL
    val optional = stage.params.filterNot(stage.isDefined).map(_.name).toSet
    assert(
      optional == Set(
        "labelCol",
        "tfLabel",
        "tfDropout",
        "validationIndicatorCol",
        "sampleWeightCol",
        "tfSampleWeight",
        "classWeights",
        "tfMetrics",
        "transformFn",
        "inputCols",
        "tfInputs",
        "outputCols",
        "tfOutputs",
        "labelCols",
        "tfLabels",
        "optimizerOptions",
        "learningRateSchedule",
        "seed",
        "initialWeights",
        "spillDir",
        "checkpointDir",
        "rawPredictionCol",
        "probabilityCol",
        "thresholds"
      )
    )
  }

  test("every param has a doc of its own and can be set and got by name") {
    val stage = new SparkAsyncDL
    assert(stage.params.forall(_.doc.endsWith(".")))
    assert(stage.params.map(_.doc).distinct.length == stage.params.length)
    val methods = stage.getClass.getMethods.map(_.getName).toSet
    for (param <- stage.params; access <- Seq("get", "set"))
      assert(methods.contains(access + param.name.capitalize), param.name)
  }

  private def refused(set: SparkAsyncDL => Any): String =
    intercept[IllegalArgumentException](set(new SparkAsyncDL)).getMessage

  private val outOfRange = Seq[(String, SparkAsyncDL => Any, String)](
    ("iters 0", _.setIters(0), "iters is 0, expected 1 or more: "),
    ("iters -3", _.setIters(-3), "iters is -3, expected 1 or more: "),
    ("partitions 0", _.setPartitions(0), "partitions is 0, expected 1 or more: "),
    ("partitionShuffles 0", _.setPartitionShuffles(0), "partitionShuffles is 0, expected 1 or more: "),
    ("miniBatchSize 0", _.setMiniBatchSize(0), "miniBatchSize is 0, expected -1, or 1 or more: "),
    ("miniBatchSize -2", _.setMiniBatchSize(-2), "miniBatchSize is -2, expected -1, or 1 or more: "),
    (
      "miniStochasticIters 0",
      _.setMiniStochasticIters(0),
      "miniStochasticIters is 0, expected -1, or 1 or more: "
    ),
    (
      "checkpointInterval 0",
      _.setCheckpointInterval(0),
      "checkpointInterval is 0, expected 1 or more: "
    ),
    ("checkpointKeep 0", _.setCheckpointKeep(0), "checkpointKeep is 0, expected 1 or more: "),
    (
      "checkpointDir empty",
      _.setCheckpointDir(" "),
      "checkpointDir is ' ', expected the path of a directory: "
    ),
    ("verbose -1", _.setVerbose(-1), "verbose is -1, expected 0 or more: "),
    ("rate 0", _.setTfLearningRate(0), "tfLearningRate is 0.0, expected a finite number more than 0: "),
    ("rate -1", _.setTfLearningRate(-1), "tfLearningRate is -1.0, expected a finite number more than 0: "),
    ("rate NaN", _.setTfLearningRate(Double.NaN), "tfLearningRate is NaN, expected a finite number"),
    (
      "rate infinite",
      _.setTfLearningRate(Double.PositiveInfinity),
      "tfLearningRate is Infinity, expected a finite"
    ),
    ("port 80", _.setPort(80), "port is 80, expected 0, or 1024 to 65535: "),
    ("port 1023", _.setPort(1023), "port is 1023, expected"),
    ("port 65536", _.setPort(65536), "port is 65536, expected"),
    ("port -1", _.setPort(-1), "port is -1, expected"),
    (
      "mode unknown",
      _.setMode("hogwld"),
      "mode is 'hogwld', expected 'hogwild', 'locked', 'ssp' or 'sync' (did you mean 'hogwild'?)"
    ),
    (
      "mode far",
      _.setMode("xyzxyzxyzxyz"),
      "mode is 'xyzxyzxyzxyz', expected 'hogwild', 'locked', 'ssp' or 'sync': "
    ),
    ("mode null", _.setMode(null), "mode is null, expected 'hogwild', 'locked', 'ssp' or 'sync': "),
    ("maxStaleness -1", _.setMaxStaleness(-1), "maxStaleness is -1, expected 0 or more: "),
    (
      "delayCompensation -1",
      _.setDelayCompensation(-1),
      "delayCompensation is -1.0, expected a finite number, 0 or more: "
    ),
    (
      "delayCompensation infinite",
      _.setDelayCompensation(Double.PositiveInfinity),
      "delayCompensation is Infinity, expected a finite number, 0 or more: "
    ),
    (
      "transport unknown",
      _.setTransport("shn"),
      "transport is 'shn', expected 'auto', 'tcp' or 'shm' (did you mean 'shm'?): "
    ),
    ("localSteps 0", _.setLocalSteps(0), "localSteps is 0, expected 1 or more: "),
    (
      "compression unknown",
      _.setCompression("int4"),
      "compression is 'int4', expected 'none', 'bf16', 'int8' or 'topk' (did you mean 'int8'?): "
    ),
    ("transport null", _.setTransport(null), "transport is null, expected 'auto', 'tcp' or 'shm': "),
    (
      "options not JSON",
      _.setOptimizerOptions("beta1=0.9"),
      "optimizerOptions is 'beta1=0.9', expected a JSON object"
    ),
    ("options a list", _.setOptimizerOptions("[1]"), "optimizerOptions is '[1]', expected a JSON object"),
    ("options empty", _.setOptimizerOptions(""), "optimizerOptions is '', expected a JSON object"),
    ("options null", _.setOptimizerOptions(null), "optimizerOptions is null, expected a JSON object"),
    ("spillLimit 0", _.setSpillLimit(0), "spillLimit is 0, expected -1, or 1 or more: "),
    (
      "validationFraction 1",
      _.setValidationFraction(1),
      "validationFraction is 1.0, expected 0 to less than 1: "
    ),
    ("validationFraction NaN", _.setValidationFraction(Double.NaN), "validationFraction is NaN, expected "),
    (
      "validationIndicatorCol ''",
      _.setValidationIndicatorCol(" "),
      "validationIndicatorCol is ' ', expected "
    ),
    (
      "earlyStoppingPatience -1",
      _.setEarlyStoppingPatience(-1),
      "earlyStoppingPatience is -1, expected 0 or more: "
    ),
    ("earlyStoppingMinDelta -1", _.setEarlyStoppingMinDelta(-1), "earlyStoppingMinDelta is -1.0, expected "),
    ("spillLimit -2", _.setSpillLimit(-2), "spillLimit is -2, expected -1, or 1 or more: "),
    ("workerTimeout 0", _.setWorkerTimeout(0), "workerTimeout is 0, expected 1 or more: "),
    ("waitTimeout 0", _.setWaitTimeout(0), "waitTimeout is 0, expected 1 or more: "),
    ("spillDir empty", _.setSpillDir(""), "spillDir is '', expected the path of a directory: "),
    (
      "inferenceBatchSize 0",
      _.setInferenceBatchSize(0),
      "inferenceBatchSize is 0, expected 1 or more: "
    ),
    ("inputCol empty", _.setInputCol(""), "inputCol is '', expected the name of a column: "),
    ("labelCol null", _.setLabelCol(null), "labelCol is null, expected the name of a column: "),
    ("predictionCol blank", _.setPredictionCol(" "), "predictionCol is ' ', expected the name of a column: "),
    ("inputCols empty", _.setInputCols(Array()), "inputCols is [], expected names of columns: "),
    ("tfInputs with null", _.setTfInputs(Array("x:0", null)), "tfInputs is ['x:0', null], expected tensor "),
    ("labelCols blank", _.setLabelCols(Array(" ")), "labelCols is [' '], expected names of columns: "),
    ("tfLabels empty", _.setTfLabels(Array()), "tfLabels is [], expected tensor names: "),
    ("tfInput empty", _.setTfInput(""), "tfInput is '', expected a tensor name: "),
    ("tfLabel null", _.setTfLabel(null), "tfLabel is null, expected a tensor name: "),
    ("tfOutput empty", _.setTfOutput(""), "tfOutput is '', expected a tensor name: "),
    ("tfDropout empty", _.setTfDropout(""), "tfDropout is '', expected a tensor name: "),
    ("tfOptimizer null", _.setTfOptimizer(null), "tfOptimizer is null, expected the name of an optimizer: "),
    (
      "graph null",
      _.setTensorflowGraph(null),
      "tensorflowGraph is null, expected the JSON of a MetaGraphDef: "
    ),
    (
      "weights null",
      s => s.set(s.initialWeights, null),
      "initialWeights is null, expected the weights of a fitted"
    )
  )

  for ((name, set, message) <- outOfRange)
    test(s"refuses $name with what was expected") {
      val found = refused(set)
      assert(found.startsWith(message))
      assert(found.matches("(?s).+: .+"), "the message ends with a remedy")
    }

  test("the ends of the ranges are allowed") {
    val stage = new SparkAsyncDL()
      .setIters(1)
      .setPartitions(1)
      .setMaxStaleness(0)
      .setMiniBatchSize(-1)
      .setMiniStochasticIters(1)
      .setPort(65535)
      .setPort(1024)
      .setTfLearningRate(Double.MinPositiveValue)
      .setSeed(Long.MinValue)
      .setOptimizerOptions("{}")
      .setTensorflowGraph("")
    assert(stage.getMiniBatchSize == -1 && stage.getPort == 1024 && stage.getSeed == Long.MinValue)
  }

  test("a refused value leaves the old one") {
    val stage = new SparkAsyncDL().setIters(7)
    intercept[IllegalArgumentException](stage.setIters(0))
    assert(stage.getIters == 7)
  }

  test("a value set by its param's name, as PySpark does, is held to the range") {
    val stage = new SparkAsyncDL
    val iters = stage.getParam("iters").asInstanceOf[Param[Any]]
    assert(intercept[IllegalArgumentException](iters.w(0)).getMessage.startsWith("iters is 0, expected"))
  }

  test("a long value is shown by its beginning") {
    val found = refused(_.setOptimizerOptions("x" * 1000))
    assert(found.startsWith(s"optimizerOptions is '${"x" * 60}…', expected") && found.length < 300)
  }

  test("acquireLock and mode say the same, or only one is set") {
    assert(new SparkAsyncDL().consistency == "hogwild")
    assert(new SparkAsyncDL().setAcquireLock(true).consistency == "locked")
    assert(new SparkAsyncDL().setAcquireLock(false).consistency == "hogwild")
    assert(new SparkAsyncDL().setMode("locked").consistency == "locked")
    assert(new SparkAsyncDL().setMode("hogwild").consistency == "hogwild")
    assert(new SparkAsyncDL().setMode("locked").setAcquireLock(true).consistency == "locked")
    assert(new SparkAsyncDL().setMode("hogwild").setAcquireLock(false).consistency == "hogwild")
  }

  test("a contradiction of acquireLock and mode is refused") {
    for ((mode, lock) <- Seq("hogwild" -> true, "locked" -> false, "sync" -> false, "ssp" -> true)) {
      val stage = new SparkAsyncDL().setMode(mode).setAcquireLock(lock)
      val found = intercept[IllegalArgumentException](stage.consistency).getMessage
      assert(found.startsWith(s"mode is '$mode' but acquireLock is $lock"))
      assert(found.endsWith("set only one of the two"))
    }
  }
}
