"""MNIST from a DataFrame to a picture: train, save, load, predict. Run by ./dev/demo."""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pyspark.ml import Pipeline, PipelineModel
from pyspark.ml.evaluation import MulticlassClassificationEvaluator
from pyspark.ml.feature import OneHotEncoder, VectorAssembler
from pyspark.sql import SparkSession

import mnist_data
import pictures
from sparkflow import tf1 as tf
from sparkflow.graph_utils import build_graph
from sparkflow.session import configure_spark_with_sparkflow_pip
from sparkflow.tensorflow_async import SparkAsyncDL

took: dict[str, float] = {}


def small_model():
    x = tf.placeholder(tf.float32, shape=[None, 784], name="x")
    y = tf.placeholder(tf.float32, shape=[None, 10], name="y")
    layer1 = tf.layers.dense(x, 256, activation=tf.nn.relu)
    layer2 = tf.layers.dense(layer1, 256, activation=tf.nn.relu)
    out = tf.layers.dense(layer2, 10)
    tf.argmax(out, 1, name="out")
    return tf.losses.softmax_cross_entropy(y, out)


@contextmanager
def part(name: str) -> Iterator[None]:
    print(f"--- {name}", flush=True)
    begin = time.perf_counter()
    yield
    took[name] = time.perf_counter() - begin


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--iters", type=int, default=12)
    options.add_argument("--workers", type=int, default=2, help="partitions, one core each")
    options.add_argument("--output", type=Path, default=Path("target/demo"))
    args = options.parse_args()
    args.output.mkdir(parents=True, exist_ok=True)

    with part("start Spark"):
        builder = (
            SparkSession.builder.master(f"local[{args.workers}]")
            .appName("sparkflow-demo")
            .config("spark.driver.memory", "4g")
            .config("spark.ui.enabled", "false")
        )
        spark = configure_spark_with_sparkflow_pip(builder).getOrCreate()
        spark.sparkContext.setLogLevel("ERROR")

    with part("read 60,000 images"):
        train = mnist_data.dataframe(spark, "train", args.workers).cache()
        print(f"{train.count():,} rows, {len(train.columns)} columns")

    losses: list[tuple[int, float]] = []
    with part("train"):
        assembler = VectorAssembler(inputCols=train.columns[1:785], outputCol="features")
        encoder = OneHotEncoder(inputCol="_c0", outputCol="labels", dropLast=False)
        net = SparkAsyncDL(
            inputCol="features",
            tensorflowGraph=build_graph(small_model),
            tfInput="x:0",
            tfLabel="y:0",
            tfOutput="out:0",
            tfLearningRate=0.001,
            iters=args.iters,
            miniBatchSize=300,
            partitions=args.workers,
            predictionCol="predicted",
            labelCol="labels",
            seed=1,
            verbose=1,
            loss_callback=lambda loss, iteration, partition: losses.append((iteration, loss)),
        )
        fitted = Pipeline(stages=[assembler, encoder, net]).fit(train)

    with part("save and load the pipeline"):
        where = str(args.output / "pipeline")
        fitted.write().overwrite().save(where)
        loaded = PipelineModel.load(where)
        print(f"saved to {where}")

    with part("predict 10,000 test images"):
        test = loaded.transform(mnist_data.dataframe(spark, "t10k", args.workers)).cache()
        evaluator = MulticlassClassificationEvaluator(
            labelCol="_c0", predictionCol="predicted", metricName="accuracy"
        )
        accuracy = evaluator.evaluate(test)

    with part("draw the picture"):
        image = args.output / "mnist.png"
        pictures.classified(image, losses, test, accuracy)

    spark.stop()
    print()
    for name, seconds in took.items():
        print(f"{name:<30}{seconds:7.1f} s")
    print(f"\ntest accuracy: {accuracy:.2%}   picture: {image}")
    if accuracy < 0.97:
        raise SystemExit("the demo expects at least 97 %: something is wrong")


if __name__ == "__main__":
    main()
