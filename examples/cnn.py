"""The convolutional net of SparkFlow 0.7's examples on MNIST; prints the accuracy on the 10,000 test images.

Run: dev/setup, then PYTHONPATH=python .venv/bin/python examples/cnn.py [ITERATIONS [ROWS]]
"""

import sys

from pyspark.ml.evaluation import MulticlassClassificationEvaluator
from pyspark.ml.feature import OneHotEncoder
from pyspark.ml.pipeline import Pipeline
from pyspark.sql import SparkSession

import mnist_data
from sparkflow import tf1 as tf
from sparkflow.graph_utils import build_graph
from sparkflow.session import configure_spark_with_sparkflow_pip
from sparkflow.tensorflow_async import SparkAsyncDL


def cnn_model():
    x = tf.placeholder(tf.float32, shape=[None, 784], name="x")
    y = tf.placeholder(tf.float32, shape=[None, 10], name="y")
    x = tf.reshape(x, shape=[-1, 28, 28, 1])
    conv1 = tf.layers.conv2d(x, 32, 5, activation=tf.nn.relu)
    conv1 = tf.layers.max_pooling2d(conv1, 2, 2)
    conv2 = tf.layers.conv2d(conv1, 64, 3, activation=tf.nn.relu)
    conv2 = tf.layers.max_pooling2d(conv2, 2, 2)
    fc1 = tf.layers.flatten(conv2)
    out = tf.layers.dense(fc1, 10)
    tf.argmax(out, 1, name="out")
    return tf.losses.softmax_cross_entropy(y, out)


def main(iters: int = 2, rows: int | None = None) -> float:
    """Trains on the first `rows` training images (None: all 60,000); returns the test accuracy."""
    builder = SparkSession.builder.appName("cnn").master("local[2]")
    builder = builder.config("spark.driver.memory", "4g")
    spark = configure_spark_with_sparkflow_pip(builder).getOrCreate()
    train = mnist_data.vectors(spark, "train", 2, rows)
    net = SparkAsyncDL(
        inputCol="features",
        tensorflowGraph=build_graph(cnn_model),
        tfInput="x:0",
        tfLabel="y:0",
        tfOutput="out:0",
        tfLearningRate=0.001,
        miniBatchSize=100,
        iters=iters,
        partitions=2,
        labelCol="labels",
        seed=1,
        verbose=1,
    )
    encoder = OneHotEncoder(inputCol="_c0", outputCol="labels", dropLast=False)
    fitted = Pipeline(stages=[encoder, net]).fit(train)
    predicted = fitted.transform(mnist_data.vectors(spark, "t10k", 2))
    accuracy = MulticlassClassificationEvaluator(
        labelCol="_c0", predictionCol="predicted", metricName="accuracy"
    ).evaluate(predicted)
    print(f"test accuracy: {accuracy:.2%}")
    return accuracy


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:3]))
