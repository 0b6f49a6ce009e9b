"""A Keras model with two inputs and two outputs: of two handwritten digits, which is larger, and the sum.

Prints how right it is on pairs of test images, and draws target/two_inputs.png.

Run: dev/setup, then PYTHONPATH=python .venv/bin/python examples/two_inputs.py [ITERATIONS [PAIRS]]
"""

import sys
from pathlib import Path

import keras
import numpy as np
import pyarrow as pa
from keras import layers
from pyspark.sql import DataFrame, SparkSession

import mnist_data
import pictures
from sparkflow.ml import SparkAsyncDL
from sparkflow.session import configure_spark_with_sparkflow_pip


def pairs(spark: SparkSession, split: str, rows: int) -> DataFrame:
    """Two random images of different digits, whether the left one is larger, and their sum."""
    images, digits = mnist_data.read(split)
    left, right = np.random.default_rng(1).integers(0, len(digits), (2, 2 * rows))
    different = np.flatnonzero(digits[left] != digits[right])[:rows]
    left, right = left[different], right[different]
    columns = {
        "left": mnist_data.pixels(images[left]),
        "right": mnist_data.pixels(images[right]),
        "larger": (digits[left] > digits[right]).astype(np.float32),
        "sum": digits[left].astype(np.float32) + digits[right],
    }
    return spark.createDataFrame(pa.table(columns)).coalesce(2)


def two_in_two_out():
    digit = keras.Sequential([keras.Input((784,)), layers.Dense(256, "relu"), layers.Dense(32, "relu")])
    left, right = keras.Input((784,), name="left"), keras.Input((784,), name="right")
    both = layers.Dense(64, "relu")(layers.concatenate([digit(left), digit(right)]))
    larger = layers.Dense(1, activation="sigmoid", name="larger")(both)
    total = layers.Dense(1, name="sum")(both)
    model = keras.Model([left, right], [larger, total])
    model.compile(
        keras.optimizers.Adam(0.001),
        loss={"larger": "binary_crossentropy", "sum": "mse"},
        loss_weights={"larger": 1.0, "sum": 0.1},
    )
    return model


def main(iters: int = 20, rows: int = 60000) -> tuple[float, float]:
    """Trains on so many pairs; returns, on 10,000 pairs of test images, how often it told the larger one, and
    how far off the sum it was on average."""
    builder = SparkSession.builder.appName("two_inputs").master("local[2]")
    builder = builder.config("spark.driver.memory", "4g")
    spark = configure_spark_with_sparkflow_pip(builder).getOrCreate()
    net = SparkAsyncDL(
        model=two_in_two_out(),
        inputCols=["left", "right"],
        labelCols=["larger", "sum"],
        outputCols={"larger": "said larger", "sum": "said sum"},
        iters=iters,
        partitions=2,
        seed=1,
        verbose=1,
    )
    answers = net.fit(pairs(spark, "train", rows)).transform(pairs(spark, "t10k", 10000))
    larger, off = answers.selectExpr(
        "avg(int((`said larger` > 0.5) = (larger = 1)))", "avg(abs(`said sum` - sum))"
    ).first()
    print(f"the larger one: {larger:.2%} right; the sum: {off:.2f} off")
    row = [
        (
            f"{'>' if r['said larger'] > 0.5 else '<'}, sum {r['said sum']:.1f}",
            np.hstack([np.reshape(r["left"], (28, 28)), np.reshape(r["right"], (28, 28))]),
        )
        for r in answers.take(8)
    ]
    pictures.gallery(Path("target/two_inputs.png"), [row[:4], row[4:]])
    return larger, off


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:3]))
