"""What rows share while they are measured: the number of repetitions, a Spark session, the MNIST data."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from types import TracebackType

import numpy as np
from pyspark.sql import DataFrame, SparkSession

from benchmark import spark

DIRECTORY = Path(__file__).parents[2] / "target" / "bench"


class Bench:
    """Starts things when a row first asks for them, and ends them when it is left.

    Parameters
    ----------
    repeat : int
        Samples that a row yields.
    """

    def __init__(self, repeat: int) -> None:
        self.repeat = repeat
        DIRECTORY.mkdir(parents=True, exist_ok=True)
        self._train: dict[int, DataFrame] = {}

    @cached_property
    def spark(self) -> SparkSession:
        """Spark on two cores with SparkFlow's jar: a worker per core, as README advises."""
        return spark.start()

    def train(self, rows: int = 60_000) -> DataFrame:
        """The first training images, cached in two partitions: see `benchmark.spark.mnist`."""
        if rows not in self._train:
            self._train[rows] = spark.mnist(self.spark, "train", rows)
        return self._train[rows]

    @cached_property
    def arrays(self) -> Path:
        """A folder with the same data for processes without Spark: ``{train,t10k}-{features,labels}.npy``."""
        return arrays()

    def __enter__(self) -> Bench:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if "spark" in self.__dict__:
            self.spark.stop()


def arrays(directory: Path = DIRECTORY) -> Path:
    """Write MNIST to a folder: features (n, 784) from 0 to 1 and one-hot labels (n, 10), float32."""
    import mnist_data

    directory.mkdir(parents=True, exist_ok=True)
    for split in ("train", "t10k"):
        images, labels = mnist_data.read(split)
        np.save(directory / f"{split}-features.npy", (images / np.float32(255)).astype(np.float32))
        np.save(directory / f"{split}-labels.npy", np.eye(10, dtype=np.float32)[labels])
    return directory
