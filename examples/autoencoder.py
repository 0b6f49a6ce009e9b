"""Autoencoders on MNIST: images become a code of few numbers, and images again.

`graph` is that of SparkFlow 0.7's examples: no label, and the output is a code of 128 numbers. `keras` is a
Keras model with a code of 32, whose label is its input. Both print the error on the 10,000 test images, and
draw some of them with what was rebuilt as target/autoencoder.png.

Run: dev/setup, then PYTHONPATH=python .venv/bin/python examples/autoencoder.py [graph|keras [ITERS [ROWS]]]
"""

import sys
from pathlib import Path

import keras
import numpy as np
from keras import layers
from pyspark.ml.functions import vector_to_array
from pyspark.sql import SparkSession

import mnist_data
import pictures
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


def of_graph() -> SparkAsyncDL:
    return SparkAsyncDL(
        inputCol="features",
        tensorflowGraph=build_graph(small_model),
        tfInput="x:0",
        tfLabel=None,
        tfOutput="out/Sigmoid:0",
        tfOptimizer="adam",
        tfLearningRate=0.001,
        predictionCol="code",
    )


def of_keras() -> SparkAsyncDL:
    model = keras.Sequential(
        [
            keras.Input((784,)),
            layers.Dense(128, activation="relu"),
            layers.Dense(32, activation="relu"),
            layers.Dense(128, activation="relu"),
            layers.Dense(784, activation="sigmoid"),
        ]
    )
    model.compile(keras.optimizers.Adam(0.002), loss="binary_crossentropy")
    return SparkAsyncDL(model=model, inputCol="features", labelCol="features", predictionCol="rebuilt")


def main(which: str = "graph", iters: int = 10, rows: int | None = None) -> float:
    """Trains on the first `rows` images (None: all); returns the mean squared error on test images."""
    builder = SparkSession.builder.appName("autoencoder").master("local[2]")
    builder = builder.config("spark.driver.memory", "4g")
    spark = configure_spark_with_sparkflow_pip(builder).getOrCreate()

    net = {"graph": of_graph, "keras": of_keras}[which]()
    net.setParams(iters=iters, partitions=2, miniBatchSize=256, seed=1, verbose=1)
    model = net.fit(mnist_data.vectors(spark, "train", 2, rows).select("features"))

    test = mnist_data.vectors(spark, "t10k", 2).select("features")
    if which == "graph":
        print(f"a code of {len(model.transform(test).first()['code'])} numbers an image")
        model = model.copy({model.tfOutput: "rebuilt/Sigmoid:0", model.predictionCol: "rebuilt"})
    rebuilt = model.transform(test)
    pairs = rebuilt.select(vector_to_array("features").alias("x"), vector_to_array("rebuilt").alias("y"))
    squares = "aggregate(zip_with(x, y, (a, b) -> (a - b) * (a - b)), 0D, (s, v) -> s + v) / 784"
    error = float(pairs.selectExpr(f"avg({squares})").first()[0])
    shown = [(np.array(r["x"]), np.array(r["y"])) for r in pairs.take(8)]
    above, below = [("image", x) for x, _ in shown], [("rebuilt", y) for _, y in shown]
    pictures.gallery(Path("target/autoencoder.png"), [above, below])
    print(f"mean squared error of rebuilt test images: {error:.4f}")
    return error


if __name__ == "__main__":
    main(*sys.argv[1:2], *(int(argument) for argument in sys.argv[2:4]))
