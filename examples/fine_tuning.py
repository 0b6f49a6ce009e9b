"""A SavedModel with its layers frozen learns something new from few rows.

A convnet learns the digits 0 to 4 and is written as a SavedModel, as if somebody else had. Then its
convolutions are loaded, frozen, and get a new head for the digits 5 to 9, of which there are only 100 images;
beside it, a net of the same layers learns them from nothing. Prints the accuracy of both on the test images
of 5 to 9.

Run: dev/setup, then PYTHONPATH=python .venv/bin/python examples/fine_tuning.py [ITERATIONS [ROWS]]
"""

import sys

import keras
import numpy as np
from keras import layers
from pyspark.ml.evaluation import MulticlassClassificationEvaluator
from pyspark.sql import DataFrame, SparkSession

import mnist_data
from sparkflow.loaders import load_layer
from sparkflow.ml import SparkAsyncDL, SparkAsyncDLModel
from sparkflow.session import configure_spark_with_sparkflow_pip

FEW = 100


def convolutions():
    return keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(16, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Conv2D(32, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Flatten(),
        ]
    )


def train(body, data: DataFrame, batch: int, iters: int, partitions: int) -> SparkAsyncDLModel:
    """Puts a head for five classes on a body."""
    head = [layers.Dense(128, activation="relu"), layers.Dropout(0.5), layers.Dense(5, activation="softmax")]
    model = keras.Sequential([keras.Input((28, 28, 1)), body, *head])
    return SparkAsyncDL(
        model=model,
        loss="sparse_categorical_crossentropy",
        optimizer=keras.optimizers.Adam(0.001),
        inputCol="features",
        labelCol="label",
        predictionCol="prediction",
        tfOutput="class:0",
        miniBatchSize=batch,
        iters=iters,
        partitions=partitions,
        seed=1,
        verbose=1,
    ).fit(data)


def main(iters: int = 5, rows: int | None = None) -> tuple[float, float]:
    """Trains on the first `rows` images (None: all); returns the accuracies, fine-tuned and from nothing."""
    builder = SparkSession.builder.appName("fine_tuning").master("local[2]")
    builder = builder.config("spark.driver.memory", "4g")
    spark = configure_spark_with_sparkflow_pip(builder).getOrCreate()
    images = mnist_data.vectors(spark, "train", 2, rows)
    low = images.where("_c0 < 5").selectExpr("features", "_c0 label")
    few = images.where("_c0 >= 5").selectExpr("features", "_c0 - 5 label").limit(FEW).cache()
    test = mnist_data.vectors(spark, "t10k", 2).where("_c0 >= 5").selectExpr("features", "_c0 - 5 label")

    trained = train(convolutions(), low, batch=64, iters=iters, partitions=2).to_keras()
    trained.layers[0].export("target/convolutions", verbose=False)

    body = load_layer("target/convolutions", trainable=False)
    before = [weight.numpy() for weight in body.weights]
    tuned = train(body, few, batch=16, iters=30, partitions=1)
    after = tuned.to_keras().layers[0].weights
    same = all(np.array_equal(now, was) for now, was in zip(after, before, strict=True))
    print(f"trained: {', '.join(tuned.weights)}; the convolutions are {'as before' if same else 'others'}")

    alone = train(convolutions(), few, batch=16, iters=30, partitions=1)
    accuracy = MulticlassClassificationEvaluator(metricName="accuracy")
    reached = [accuracy.evaluate(model.transform(test)) for model in (tuned, alone)]
    print(f"test accuracy from {FEW} images: {reached[0]:.2%} fine-tuned, {reached[1]:.2%} from nothing")
    return reached[0], reached[1]


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:3]))
