package sparkflow.ml

import java.io.IOException
import java.nio.file.{Files, Path}

import scala.jdk.CollectionConverters._
import scala.util.Using

import org.apache.spark.ml.{Pipeline, PipelineModel, PipelineStage}
import org.apache.spark.ml.evaluation.RegressionEvaluator
import org.apache.spark.ml.feature.VectorAssembler
import org.apache.spark.ml.param.Params
import org.apache.spark.ml.tuning.{CrossValidator, ParamGridBuilder}
import org.apache.spark.ml.util.MLWritable
import org.scalatest.BeforeAndAfterAll
import org.scalatest.funsuite.AnyFunSuite

import sparkflow.files.SmallDisk

import LocalSpark.withDirectory

class PersistenceTest extends AnyFunSuite with BeforeAndAfterAll {

  override def beforeAll(): Unit = { LocalSpark.session; () }

  private def setParams(stage: Params): Map[String, Any] =
    stage.params.flatMap(p => stage.get(p).map(p.name -> _)).toMap

  private def sameModel(a: SparkAsyncDLModel, b: SparkAsyncDLModel): Unit = {
    assert(a.uid == b.uid && a.graph == b.graph && a.trainingSeed == b.trainingSeed)
    assert(a.state.layout == b.state.layout)
    assert(a.state.weights.sameElements(b.state.weights))
    assert(a.state.state.sameElements(b.state.state))
    assert(setParams(a) == setParams(b))
    ()
  }

  private def files(directory: Path): Set[String] =
    Using
      .resource(Files.list(directory))(_.iterator.asScala.map(_.getFileName.toString).toSet)
      .filterNot(_.startsWith("."))

  test("a model comes back as it was") {
    withDirectory { directory =>
      val path = directory.resolve("model")
      val model = TinyModel.model().setTfDropout("keep:0").setToKeepDropout(true).setPredictionCol("score")
      model.save(path.toString)
      assert(files(path) == Set("metadata", "data"))
      assert(
        files(path.resolve("data")) == Set(
          "graph.json",
          "weights.bin",
          "state.bin",
          "manifest.json",
          "manifest.sha256"
        )
      )
      sameModel(SparkAsyncDLModel.load(path.toString), model)
    }
  }

  test("a full disk: an error that names the model, and nothing under its name") {
    withDirectory { directory =>
      SmallDisk.register(LocalSpark.session.sparkContext.hadoopConfiguration)
      val path = s"small:$directory/model"
      val stages =
        Seq[MLWritable](TinyModel.model(), TinyModel.estimator.setInitialWeights(TinyModel.modelState))
      for (stage <- stages; room <- Seq(20, 600)) { // in the metadata, and in what comes after them
        val message =
          intercept[IOException](SmallDisk.withRoom(room.toLong)(stage.write.save(path))).getMessage
        assert(
          message.matches(
            s"(?s)cannot write the (model|estimator) $path: .*No space left on device; .*free space.*"
          )
        )
        assert(files(directory) == Set.empty && Files.list(directory).count() == 0)
      }
      TinyModel.model().save(path)
      sameModel(SparkAsyncDLModel.load(path), TinyModel.model())
    }
  }

  test("a model keeps the summary of its fit") {
    withDirectory { directory =>
      val model = TrainingSummaryTest.modelWithSummary
      model.save(s"$directory/model")
      val loaded = SparkAsyncDLModel.load(s"$directory/model")
      sameModel(loaded, model)
      assert(loaded.summary.toJson == model.summary.toJson)
    }
  }

  test("a model that no fit made has no seed, before and after") {
    withDirectory { directory =>
      val model = TinyModel.model(seed = None)
      model.save(s"$directory/model")
      sameModel(SparkAsyncDLModel.load(s"$directory/model"), model)
      assert(!SparkAsyncDLModel.load(s"$directory/model").hasSummary)
    }
  }

  test("a model is written through any Hadoop file system that the path names") {
    withDirectory { directory =>
      val model = TinyModel.model()
      model.save(s"${directory.toUri}model")
      sameModel(SparkAsyncDLModel.load(s"${directory.toUri}model"), model)
    }
  }

  test("an estimator comes back as it was") {
    withDirectory { directory =>
      val stage =
        TinyModel.estimator.setIters(3).setSeed(Long.MinValue).setMode("locked").setTfLearningRate(1e-4)
      stage.save(s"$directory/estimator")
      val loaded = SparkAsyncDL.load(s"$directory/estimator")
      assert(loaded.uid == stage.uid && setParams(loaded) == setParams(stage))
      assert(
        !loaded.isSet(loaded.initialWeights) && !Files.exists(directory.resolve("estimator/initialWeights"))
      )
    }
  }

  test("an estimator comes back with its initial weights, and is not changed by saving") {
    withDirectory { directory =>
      val stage = TinyModel.estimator.setInitialWeights(TinyModel.model())
      stage.save(s"$directory/estimator")
      assert(stage.isSet(stage.initialWeights))
      assert(
        files(directory.resolve("estimator/initialWeights")) == Set(
          "weights.bin",
          "state.bin",
          "manifest.json",
          "manifest.sha256"
        )
      )
      val state = SparkAsyncDL.load(s"$directory/estimator").getInitialWeights
      assert(state.layout == TinyModel.layout)
      assert(state.weights.sameElements(TinyModel.weights) && state.state.sameElements(TinyModel.state))
    }
  }

  test("a path that is there is refused unless it may be overwritten, and then nothing old is left") {
    withDirectory { directory =>
      val path = s"$directory/estimator"
      TinyModel.estimator.setInitialWeights(TinyModel.model()).save(path)
      intercept[IOException](TinyModel.estimator.save(path))
      TinyModel.estimator.setIters(9).write.overwrite().save(path)
      val loaded = SparkAsyncDL.load(path)
      assert(loaded.getIters == 9 && !loaded.isSet(loaded.initialWeights))
      assert(!Files.exists(directory.resolve("estimator/initialWeights")))
    }
  }

  private val assembler = new VectorAssembler().setInputCols(Array("a", "b")).setOutputCol("features")

  test("a Pipeline saves and loads the estimator") {
    withDirectory { directory =>
      val stage = TinyModel.estimator.setInitialWeights(TinyModel.model())
      new Pipeline().setStages(Array[PipelineStage](assembler, stage)).save(s"$directory/pipeline")
      val loaded = Pipeline.load(s"$directory/pipeline").getStages(1).asInstanceOf[SparkAsyncDL]
      assert(loaded.getTensorflowGraph == TinyModel.graph)
      assert(loaded.getInitialWeights.weights.sameElements(TinyModel.weights))
    }
  }

  test("a PipelineModel saves and loads the model by Spark's own loader") {
    withDirectory { directory =>
      val data = LocalSpark.session.range(1).selectExpr("1.0 as a", "2.0 as b")
      val model = TinyModel.model()
      // With no estimator in it, fit only checks the schema.
      new Pipeline().setStages(Array[PipelineStage](assembler, model)).fit(data).save(s"$directory/pipeline")
      sameModel(PipelineModel.load(s"$directory/pipeline").stages(1).asInstanceOf[SparkAsyncDLModel], model)
    }
  }

  test("a CrossValidator saves and loads the estimator and its grid") {
    withDirectory { directory =>
      val stage = TinyModel.estimator.setInitialWeights(TinyModel.model())
      val grid = new ParamGridBuilder().addGrid(stage.tfLearningRate, Array(0.1, 0.01)).build()
      val evaluator = new RegressionEvaluator().setPredictionCol("predicted")
      val validator =
        new CrossValidator().setEstimator(stage).setEvaluator(evaluator).setEstimatorParamMaps(grid)
      validator.save(s"$directory/cv")
      val loaded = CrossValidator.load(s"$directory/cv")
      val estimator = loaded.getEstimator.asInstanceOf[SparkAsyncDL]
      assert(estimator.isSet(estimator.initialWeights))
      val rates = loaded.getEstimatorParamMaps.map(estimator.copy(_).getTfLearningRate)
      assert(rates.toSeq == Seq(0.1, 0.01))
    }
  }

  test("a grid over initial weights cannot be saved, and says so") {
    withDirectory { directory =>
      val stage = TinyModel.estimator
      val grid = new ParamGridBuilder().addGrid(stage.initialWeights, Seq(TinyModel.modelState)).build()
      val validator = new CrossValidator()
        .setEstimator(stage)
        .setEvaluator(new RegressionEvaluator())
        .setEstimatorParamMaps(grid)
      val message = intercept[UnsupportedOperationException](validator.save(s"$directory/cv")).getMessage
      assert(message.startsWith("initialWeights cannot be written as JSON: set it on the estimator"))
    }
  }
}
