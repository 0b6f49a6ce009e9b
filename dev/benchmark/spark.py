"""The Spark side: a session, and MNIST in it."""

from __future__ import annotations

from pyspark import StorageLevel
from pyspark.ml.evaluation import MulticlassClassificationEvaluator
from pyspark.ml.feature import OneHotEncoder
from pyspark.sql import DataFrame, SparkSession

import mnist_data
from sparkflow.session import configure_spark_with_sparkflow_pip


def start(cores: int = 2) -> SparkSession:
    builder = (
        SparkSession.builder.master(f"local[{cores}]")
        .appName("sparkflow-bench")
        .config(
            "spark.driver.memory", "6g"
        )  # model-100m: the weights, Adam's two slots, gradients on their way
        .config("spark.ui.enabled", "false")
        .config("spark.ui.showConsoleProgress", "false")
    )
    session = configure_spark_with_sparkflow_pip(builder).getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    return session


def mnist(session: SparkSession, split: str, rows: int | None = None, partitions: int = 2) -> DataFrame:
    """The first `rows` images, or all: ``features`` (dense vector), ``labels`` (one-hot) and ``_c0``.

    Cached, in partitions of the same size, and read back from a disk before that: Spark sends rows that the
    driver made along with each task.
    """
    encoder = OneHotEncoder(inputCol="_c0", outputCol="labels", dropLast=False)
    images = mnist_data.vectors(session, split, partitions, rows)
    data = encoder.fit(images).transform(images)
    data = data.localCheckpoint(True, StorageLevel.DISK_ONLY).cache()
    data.count()
    return data


def accuracy(predicted: DataFrame) -> float:
    """The share of images whose class is right."""
    evaluator = MulticlassClassificationEvaluator(
        labelCol="_c0", predictionCol="predicted", metricName="accuracy"
    )
    return evaluator.evaluate(predicted)
