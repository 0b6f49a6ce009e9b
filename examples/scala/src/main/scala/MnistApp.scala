import java.io.DataInputStream
import java.nio.file.{Files, Path, Paths}
import java.util.zip.GZIPInputStream

import scala.util.Using

import org.apache.spark.ml.{Pipeline, PipelineModel}
import org.apache.spark.ml.evaluation.MulticlassClassificationEvaluator
import org.apache.spark.ml.feature.OneHotEncoder
import org.apache.spark.ml.linalg.Vectors
import org.apache.spark.sql.{DataFrame, SparkSession}

import sparkflow.ml.SparkAsyncDL

/** MNIST from Scala: reads a graph that `python -m sparkflow graph` wrote, trains, saves, loads, predicts.
  *
  * Arguments: graph file, MNIST directory, output directory, iterations (10 if not given).
  */
object MnistApp {
  def main(args: Array[String]): Unit = {
    if (args.length < 3) {
      System.err.println("usage: MnistApp GRAPH.json MNIST_DIRECTORY OUTPUT_DIRECTORY [ITERATIONS]")
      sys.exit(2)
    }
    val (graph, mnist, output) = (args(0), args(1), args(2))
    val iterations = args.lift(3).fold(10)(_.toInt)
    val spark = SparkSession.builder().appName("sparkflow-scala-mnist").getOrCreate()

    val net = new SparkAsyncDL()
      .setTensorflowGraph(Files.readString(Paths.get(graph)))
      .setInputCol("features")
      .setLabelCol("labels")
      .setTfInput("x:0")
      .setTfLabel("y:0")
      .setTfOutput("out:0")
      .setTfLearningRate(0.001)
      .setMiniBatchSize(300)
      .setIters(iterations)
      .setPartitions(2)
      .setValidationFraction(0.05)
      .setRestoreBest(true)
      .setVerbose(1)
    val encoder =
      new OneHotEncoder().setInputCols(Array("label")).setOutputCols(Array("labels")).setDropLast(false)

    val train = images(spark, Paths.get(mnist), "train").cache()
    val fitted = new Pipeline().setStages(Array(encoder, net)).fit(train)
    fitted.write.overwrite().save(output)

    val predicted = PipelineModel.load(output).transform(images(spark, Paths.get(mnist), "t10k"))
    val accuracy = new MulticlassClassificationEvaluator()
      .setLabelCol("label")
      .setPredictionCol("predicted")
      .setMetricName("accuracy")
      .evaluate(predicted)
    println(f"test accuracy: ${100 * accuracy}%.2f %%")
    spark.stop()
  }

  private def images(spark: SparkSession, directory: Path, split: String): DataFrame = {
    val pixels = idx(directory.resolve(s"$split-images-idx3-ubyte.gz"), header = 16)
    val labels = idx(directory.resolve(s"$split-labels-idx1-ubyte.gz"), header = 8)
    val rows = labels.indices.map { i =>
      val image = Array.tabulate(784)(j => (pixels(784 * i + j) & 0xff) / 255.0)
      (labels(i).toDouble, Vectors.dense(image).compressed)
    }
    spark.createDataFrame(rows).toDF("label", "features").repartition(2)
  }

  private def idx(file: Path, header: Int): Array[Byte] =
    Using.resource(new DataInputStream(new GZIPInputStream(Files.newInputStream(file)))) { in =>
      in.skipBytes(header)
      in.readAllBytes()
    }
}
