package sparkflow.ml

import org.apache.spark.ml.param.ParamMap
import org.scalatest.funsuite.AnyFunSuite

import sparkflow.job.{CheckpointPlan, Fed, FitListener, GradientPlan, TrainRequest}

class SparkAsyncDLTest extends AnyFunSuite {

  test("a request carries every param") {
    val state = TinyModel.modelState
    val request = TinyModel.estimator
      .setTfInput("x:0")
      .setTfOutput("out/Relu:0")
      .setTfDropout("rate:0")
      .setUseRegularizationLosses(true)
      .setTfOptimizer("momentum")
      .setTfLearningRate(0.5)
      .setOptimizerOptions("{\"momentum\": 0.8}")
      .setIters(7)
      .setPartitions(3)
      .setMiniBatchSize(11)
      .setMiniStochasticIters(13)
      .setShufflePerIter(false)
      .setPartitionShuffles(2)
      .setMode("locked")
      .setMaxStaleness(5)
      .setStalenessDecay(true)
      .setDelayCompensation(0.25)
      .setPort(5000)
      .setTransport("tcp")
      .setLocalSteps(4)
      .setCompression("int8")
      .setSparseTables(false)
      .setSeed(17)
      .setInitialWeights(state)
      .setLearningRateSchedule("{\"schedule\": \"constant\"}")
      .setVerbose(1)
      .setSpillLimit(1L << 40)
      .setSpillDir("/spill")
      .setCheckpointDir("/checkpoints")
      .setCheckpointInterval(19)
      .setCheckpointKeep(4)
      .setResume(true)
      .setWorkerTimeout(20)
      .setWaitTimeout(400)
      .setValidationIndicatorCol("held")
      .setValidationFraction(0.25)
      .setEarlyStoppingPatience(6)
      .setEarlyStoppingMinDelta(0.125)
      .setRestoreBest(true)
      .setToKeepDropout(true)
      .setSampleWeightCol("weight")
      .setTfSampleWeight("w:0")
      .setClipNorm(1.5)
      .setClipVariableNorm(2.5)
      .setClipValue(3.5)
      .setGradientAccumulationSteps(5)
      .setClassWeights("{\"1\": 5}")
      .setTransformFn("augment.flip")
      .setMonitor("f1")
      .setMonitorMode("max")
      .setTfMetrics("{\"f1\": \"f1:0\"}")
      .trainRequest
    assert(
      request == TrainRequest(
        graph = TinyModel.graph,
        inputs = Seq(Fed("features", "inputCol", "features", "tfInput", "x:0")),
        labels = Seq(Fed("label", "labelCol", "label", "tfLabel", "y:0")),
        tfOutputs = Seq("out/Relu:0"),
        tfDropout = Some("rate:0"),
        regularizationLosses = true,
        optimizer = "momentum",
        learningRate = 0.5,
        optimizerOptions = Some("{\"momentum\": 0.8}"),
        learningRateSchedule = Some("{\"schedule\": \"constant\"}"),
        iters = 7,
        partitions = 3,
        miniBatchSize = 11,
        miniStochasticIters = 13,
        shufflePerIter = false,
        partitionShuffles = 2,
        mode = "locked",
        maxStaleness = 5,
        stalenessDecay = true,
        delayCompensation = 0.25,
        port = 5000,
        transport = "tcp",
        localSteps = 4,
        compression = "int8",
        sparseTables = false,
        seed = Some(17L),
        initial = Some(state),
        verbose = 1,
        spillLimit = Some(1L << 40),
        spillDir = Some("/spill"),
        checkpoint = Some(CheckpointPlan("/checkpoints", 19, 4, resume = true)),
        workerTimeout = 20,
        waitTimeout = 400,
        validationIndicatorCol = Some("held"),
        validationFraction = 0.25,
        earlyStoppingPatience = 6,
        earlyStoppingMinDelta = 0.125,
        restoreBest = true,
        toKeepDropout = true,
        sampleWeightCol = Some("weight"),
        tfSampleWeight = Some("w:0"),
        gradient = GradientPlan(1.5, 2.5, 3.5, 5),
        classWeights = Some("{\"1\": 5}"),
        transformFn = Some("augment.flip"),
        monitor = "f1",
        monitorMode = "max",
        tfMetrics = Some("{\"f1\": \"f1:0\"}")
      )
    )
  }

  test("params that are not set are absent from a request") {
    val request = new SparkAsyncDL().trainRequest
    assert(request.labels.isEmpty && request.sampleWeightCol.isEmpty && request.optimizerOptions.isEmpty)
    assert(request.learningRateSchedule.isEmpty)
    assert(request.seed.isEmpty && request.initial.isEmpty)
    assert(request.spillLimit.isEmpty && request.spillDir.isEmpty && request.checkpoint.isEmpty)
  }

  test("acquireLock makes the request's mode locked") {
    assert(new SparkAsyncDL().setAcquireLock(true).trainRequest.mode == "locked")
  }

  test("copy takes extra params and keeps the rest, the listener and the initial weights too") {
    val listener = new FitListener {
      override def onIteration(loss: Double, iteration: Int, partition: Int): Unit = ()
      override def onProgress(line: String): Unit = ()
    }
    val model = TinyModel.model()
    val estimator = TinyModel.estimator.setListener(listener).setInitialWeights(model)
    val copy = estimator.copy(ParamMap(estimator.iters -> 3, estimator.tfLearningRate -> 0.25))
    assert(copy.getIters == 3 && copy.getTfLearningRate == 0.25)
    assert(estimator.getIters == 1000 && copy.getLabelCol == "label" && copy.uid == estimator.uid)
    assert(copy.listener eq listener)
    assert(copy.getInitialWeights eq model.state)
  }

  test("copy holds extra params to their ranges") {
    val estimator = TinyModel.estimator
    val message = intercept[IllegalArgumentException](ParamMap(estimator.partitions -> 0)).getMessage
    assert(message.startsWith("partitions is 0, expected 1 or more"))
  }
}
