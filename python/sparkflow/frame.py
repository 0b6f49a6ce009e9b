"""What is given for a DataFrame."""

from __future__ import annotations

from typing import Any

from pyspark.sql import DataFrame


def expect_frame(dataset: Any, method: str, otherwise: str = "") -> None:
    """Raise TypeError, with what to do, `otherwise` too, unless `dataset` is a DataFrame of Spark's."""
    if not isinstance(dataset, DataFrame):
        kind = type(dataset)
        raise TypeError(
            f"{method} takes a Spark DataFrame, got {kind.__module__}.{kind.__qualname__}: "
            f"make one with spark.createDataFrame(…){otherwise}"
        )
