"""Keras models in Spark's pipelines: classes by their names, and a regression from an RDD.

Prints what Spark's evaluators say of rows that were not trained on.

Run: dev/setup, then PYTHONPATH=python .venv/bin/python examples/keras_pipeline.py [ITERATIONS [ROWS]]
"""

import random
import sys

import keras
from keras import layers
from pyspark.ml import Pipeline
from pyspark.ml.evaluation import MulticlassClassificationEvaluator, RegressionEvaluator
from pyspark.ml.feature import IndexToString, StandardScaler, StringIndexer
from pyspark.ml.linalg import Vectors
from pyspark.sql import SparkSession
from pyspark.sql.functions import expr

import mnist_data
from sparkflow.ml import SparkAsyncDL
from sparkflow.session import configure_spark_with_sparkflow_pip

NAMES = "element_at(split('zero one two three four five six seven eight nine', ' '), _c0 + 1)"


def names_of_digits(spark: SparkSession, iters: int, rows: int | None) -> float:
    """Reads the names of handwritten digits; returns the share of the test images that it reads right."""
    train, test = (
        mnist_data.vectors(spark, split, 2, limit).select("features", expr(NAMES).alias("digit"))
        for split, limit in (("train", rows), ("t10k", None))
    )
    model = keras.Sequential(
        [
            keras.Input((784,)),
            layers.Dense(256, activation="relu"),
            layers.Dropout(0.3),
            layers.Dense(128, activation="relu"),
            layers.Dropout(0.3),
            layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile(keras.optimizers.Adam(0.001), loss="sparse_categorical_crossentropy")
    index = StringIndexer(inputCol="digit", outputCol="label").fit(train)
    net = SparkAsyncDL(
        model=model,
        inputCol="features",
        labelCol="label",
        predictionCol="prediction",
        probabilityCol="probability",
        iters=iters,
        partitions=2,
        seed=1,
        verbose=1,
    )
    names = IndexToString(inputCol="prediction", outputCol="read as", labels=index.labels)
    predicted = Pipeline(stages=[index, net, names]).fit(train).transform(test).cache()
    predicted.groupBy("digit", "read as").count().where("digit != `read as`").orderBy("count").show(3)
    metrics = {
        name: MulticlassClassificationEvaluator(metricName=name).evaluate(predicted)
        for name in ("accuracy", "logLoss")
    }
    print(f"accuracy of the names: {metrics['accuracy']:.4f}, log loss: {metrics['logLoss']:.4f}")
    return metrics["accuracy"]


def house(seed: int) -> tuple:
    """A made-up house's area in m², rooms and age in years; and what was paid for it, in thousands."""
    draw = random.Random(seed)
    area, age = draw.uniform(40, 240), draw.uniform(0, 80)
    rooms = max(1, round(area / 30 + draw.gauss(0, 1)))
    paid = 2.5 * area * (1 - 0.6 * min(age, 60) / 60) + 12 * rooms + draw.gauss(0, 10)
    return Vectors.dense(area, rooms, age), paid


def prices_of_houses(spark: SparkSession, iters: int) -> float:
    """Learns prices; returns the share of their variance that it explains, R²."""
    houses = spark.sparkContext.parallelize([house(seed) for seed in range(4000)], 2)  # an RDD
    train, test = houses.toDF(["house", "paid"]).randomSplit([0.8, 0.2], seed=1)
    model = keras.Sequential(
        [keras.Input((3,)), layers.Dense(32, activation="relu"), layers.Dense(32, "relu"), layers.Dense(1)]
    )
    net = SparkAsyncDL(
        model=model,
        loss="mse",
        optimizer=keras.optimizers.Adam(0.01),
        inputCol="scaled",
        labelCol="paid",
        predictionCol="prediction",
        miniBatchSize=64,
        iters=iters,
        partitions=2,
        seed=1,
        verbose=1,
    )
    scaler = StandardScaler(inputCol="house", outputCol="scaled", withMean=True)
    predicted = Pipeline(stages=[scaler, net]).fit(train).transform(test)
    predicted.select("house", "paid", "prediction").show(3, truncate=False)
    found = RegressionEvaluator(labelCol="paid", metricName="r2").evaluate(predicted)
    print(f"R² of the prices: {found:.4f}")
    return found


def main(iters: int = 10, rows: int | None = None) -> None:
    """Trains on the first `rows` training images (None: all 60,000), and on 3,200 houses."""
    builder = SparkSession.builder.appName("keras_pipeline").master("local[2]")
    builder = builder.config("spark.driver.memory", "4g")
    spark = configure_spark_with_sparkflow_pip(builder).getOrCreate()
    names_of_digits(spark, iters, rows)
    prices_of_houses(spark, 3 * iters)


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:3]))
