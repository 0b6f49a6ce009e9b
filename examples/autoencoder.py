"""The autoencoder of SparkFlow 0.7's examples on MNIST: no label; the output is a code of 128 numbers.

Run: dev/setup, then PYTHONPATH=python .venv/bin/python examples/autoencoder.py [ITERATIONS [ROWS]]
"""

import sys

from pyspark.ml.functions import vector_to_array
from pyspark.sql import SparkSession

import mnist_data
from sparkflow import tf1 as tf
from sparkflow.graph_utils import build_graph
from sparkflow.session import configure_spark_with_sparkflow_pip
from sparkflow.tensorflow_async import SparkAsyncDL


def small_model():
    x = tf.placeholder("float", shape=[None, 784], name="x")
    layer1 = tf.layers.dense(x, 256, activation=tf.nn.relu)
    layer2 = tf.layers.dense(layer1, 128, activation=tf.nn.sigmoid, name="out")
    layer3 = tf.layers.dense(layer2, 256, activation=tf.nn.relu)
    layer4 = tf.layers.dense(layer3, 784, activation=tf.nn.sigmoid, name="rebuilt")
    return tf.losses.mean_squared_error(layer4, x)


def main(iters: int = 10, rows: int | None = None) -> float:
    """Trains on the first `rows` images (None: all); returns the mean squared error on test images."""
    builder = SparkSession.builder.appName("autoencoder").master("local[2]")
    builder = builder.config("spark.driver.memory", "4g")
    spark = configure_spark_with_sparkflow_pip(builder).getOrCreate()

    model = SparkAsyncDL(
        inputCol="features",
        tensorflowGraph=build_graph(small_model),
        tfInput="x:0",
        tfLabel=None,
        tfOutput="out/Sigmoid:0",
        tfOptimizer="adam",
        tfLearningRate=0.001,
        iters=iters,
        predictionCol="predicted",
        partitions=2,
        miniBatchSize=256,
        seed=1,
        verbose=1,
    ).fit(mnist_data.vectors(spark, "train", 2, rows).select("features"))

    test = mnist_data.vectors(spark, "t10k", 2).select("features")
    print(f"a code of {len(model.transform(test).first()['predicted'])} numbers an image")
    rebuilt = model.copy({model.tfOutput: "rebuilt/Sigmoid:0"}).transform(test)
    pairs = rebuilt.select(vector_to_array("features").alias("x"), vector_to_array("predicted").alias("y"))
    squares = "aggregate(zip_with(x, y, (a, b) -> (a - b) * (a - b)), 0D, (s, v) -> s + v) / 784"
    error = float(pairs.selectExpr(f"avg({squares})").first()[0])
    print(f"mean squared error of rebuilt test images: {error:.4f}")
    return error


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:3]))
