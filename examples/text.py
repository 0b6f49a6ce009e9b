"""Classifies text from a column of strings: of which library's documentation is a sentence?

The text is what lies on every machine that has SparkFlow: the docstrings of NumPy, Keras and PySpark. Prints
the share of sentences that are told right, of a fifth that was not trained on, and some of them.

Run: dev/setup, then PYTHONPATH=python .venv/bin/python examples/text.py [ITERATIONS]
"""

import inspect
import re
import sys
from collections.abc import Iterator
from types import ModuleType

import keras
import numpy as np
from keras import layers
from pyspark.ml import Pipeline
from pyspark.ml.evaluation import MulticlassClassificationEvaluator
from pyspark.ml.feature import IndexToString, StringIndexer
from pyspark.sql import SparkSession, functions

from sparkflow.ml import SparkAsyncDL
from sparkflow.session import configure_spark_with_sparkflow_pip

LIBRARIES = {"NumPy": [np], "Keras": [keras.layers, keras.ops], "PySpark": [functions]}
WORDS = 5000


def sentences(module: ModuleType) -> Iterator[str]:
    """What the docstrings of a module's public names say, in pieces of 5 to 40 words."""
    for name in dir(module):
        text = " ".join((inspect.getdoc(getattr(module, name)) or "").split())
        if not name.startswith("_"):
            yield from (s for s in re.split(r"(?<=[.:!?]) ", text) if 5 <= len(s.split()) <= 40)


def main(iters: int = 5) -> float:
    """Trains on four fifths of the sentences; returns the share of the others that is told right."""
    builder = SparkSession.builder.appName("text").master("local[2]")
    spark = configure_spark_with_sparkflow_pip(builder).getOrCreate()
    rows = {(s, name) for name, modules in LIBRARIES.items() for module in modules for s in sentences(module)}
    data = spark.createDataFrame(sorted(rows), ["sentence", "library"]).repartition(2, "sentence")
    train, test = (part.cache() for part in data.randomSplit([0.8, 0.2], seed=1))

    vectorize = layers.TextVectorization(WORDS, output_sequence_length=40)
    vectorize.adapt([row["sentence"] for row in train.collect()])
    model = keras.Sequential(
        [
            keras.Input((1,), dtype="string"),
            vectorize,
            layers.Embedding(WORDS, 32),
            layers.GlobalAveragePooling1D(),
            layers.Dense(32, activation="relu"),
            layers.Dense(len(LIBRARIES), activation="softmax"),
        ]
    )
    model.compile(keras.optimizers.Adam(0.01), loss="sparse_categorical_crossentropy")
    index = StringIndexer(inputCol="library", outputCol="label").fit(train)
    net = SparkAsyncDL(
        model=model,
        inputCol="sentence",
        labelCol="label",
        probabilityCol="probability",
        predictionCol="prediction",
        miniBatchSize=32,
        iters=iters,
        partitions=2,
        seed=1,
        verbose=1,
    )
    told = IndexToString(inputCol="prediction", outputCol="told", labels=index.labels)
    predicted = Pipeline(stages=[index, net, told]).fit(train).transform(test).cache()
    predicted.select("library", "told", "sentence").show(8, truncate=80)
    accuracy = MulticlassClassificationEvaluator(metricName="accuracy").evaluate(predicted)
    print(f"{train.count():,} sentences trained, {test.count():,} tested: {accuracy:.2%} right")
    return accuracy


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:2]))
