"""Reads the MNIST files that are committed beside the examples."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from pyspark.ml.functions import array_to_vector

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

DIRECTORY = Path(__file__).parent / "data" / "mnist"


def read(split: str) -> tuple[np.ndarray, np.ndarray]:
    """Images as (n, 784) uint8 and labels as (n,) uint8; `split` is "train" or "t10k"."""
    images = _values(f"{split}-images-idx3-ubyte.gz", header=16)
    labels = _values(f"{split}-labels-idx1-ubyte.gz", header=8)
    return images.reshape(len(labels), 784), labels


def dataframe(spark: SparkSession, split: str, partitions: int, rows: int | None = None) -> DataFrame:
    """The label first (_c0) and then 784 pixels from 0 to 1 (_c1 …), as the classic MNIST CSV has it."""
    images, labels = read(split)
    images, labels = images[:rows], labels[:rows]
    columns = [pa.array(labels.astype(np.int32))]
    columns += [pa.array(column) for column in (images.T / np.float32(255)).astype(np.float32)]
    table = pa.Table.from_arrays(columns, names=[f"_c{i}" for i in range(785)])
    return spark.createDataFrame(table).coalesce(partitions)


def _values(name: str, header: int) -> np.ndarray:
    with gzip.open(DIRECTORY / name) as file:
        return np.frombuffer(file.read(), np.uint8, offset=header)


def pixels(images: np.ndarray) -> pa.Array:
    """A list of 784 floats from 0 to 1 for each image."""
    values = pa.array((images / np.float32(255)).astype(np.float32).ravel())
    return pa.FixedSizeListArray.from_arrays(values, 784).cast(pa.list_(pa.float32()))


def vectors(spark: SparkSession, split: str, partitions: int, rows: int | None = None) -> DataFrame:
    """The label (_c0) and one vector (features) of 784 pixels from 0 to 1: lighter than 784 columns."""
    images, labels = read(split)
    table = pa.table({"_c0": labels[:rows].astype(np.int32), "pixels": pixels(images[:rows])})
    data = spark.createDataFrame(table).coalesce(partitions)
    return data.select("_c0", array_to_vector("pixels").alias("features"))


def write_csv(path: Path, split: str = "train", rows: int | None = None) -> None:
    """The classic CSV: the label first, then 784 grey values from 0 to 255."""
    images, labels = read(split)
    table = np.column_stack([labels, images])[:rows]
    np.savetxt(path, table, fmt="%d", delimiter=",")


if __name__ == "__main__":
    import sys

    if len(sys.argv) != 2:
        sys.exit("usage: python mnist_data.py mnist_train.csv")
    write_csv(Path(sys.argv[1]))
