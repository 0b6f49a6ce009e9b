"""The "Simple MNIST convnet" of keras.io in Spark; prints the accuracy on the 10,000 test images.

The model has the layers, loss, optimizer and metric of https://keras.io/examples/vision/mnist_convnet, and is
trained with its mini-batches, epochs and validation split; instead of Keras' `fit` and `evaluate` stand those
of Spark.

Run: dev/setup, then PYTHONPATH=python .venv/bin/python examples/keras_mnist.py [ITERATIONS [ROWS]]
"""

import sys

import keras
from keras import layers
from pyspark.ml.evaluation import MulticlassClassificationEvaluator
from pyspark.ml.feature import OneHotEncoder
from pyspark.ml.pipeline import Pipeline
from pyspark.sql import SparkSession

import mnist_data
from sparkflow.ml import SparkAsyncDL
from sparkflow.session import configure_spark_with_sparkflow_pip


def convnet():
    model = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(32, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Conv2D(64, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Flatten(),
            layers.Dropout(0.5),
            layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile(loss="categorical_crossentropy", optimizer="adam", metrics=["accuracy"])
    return model


def main(iters: int = 15, rows: int | None = None) -> float:
    """Trains on the first `rows` training images (None: all 60,000); returns the test accuracy."""
    builder = SparkSession.builder.appName("keras_mnist").master("local[2]")
    builder = builder.config("spark.driver.memory", "4g")
    spark = configure_spark_with_sparkflow_pip(builder).getOrCreate()
    train = mnist_data.vectors(spark, "train", 2, rows)
    net = SparkAsyncDL(
        model=convnet(),
        inputCol="features",
        labelCol="labels",
        tfOutput="class:0",
        miniBatchSize=128,
        iters=iters,
        validationFraction=0.1,
        partitions=2,
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
