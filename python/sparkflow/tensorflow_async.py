"""The import path that SparkFlow 0.7's users know; ``sparkflow.ml`` is where the classes are."""

from sparkflow.ml import SparkAsyncDL, SparkAsyncDLModel
from sparkflow.optimizers import build_optimizer

__all__ = ["SparkAsyncDL", "SparkAsyncDLModel", "build_optimizer"]
