"""TensorFlow in a worker process: the import, with an error that helps, and the session settings."""

from __future__ import annotations

import glob
import os
import socket
import sys
from contextlib import nullcontext
from typing import Any

from sparkflow.backend.quiet import without_chatter

_GPU = bool(glob.glob("/dev/nvidia*"))

# TensorFlow reads it when it is imported. A worker's log is for what went wrong: 2 keeps errors only.
# Without a GPU its errors are about there being none (what fails is raised in any case): 3 drops them.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2" if _GPU else "3")

try:
    with nullcontext() if _GPU else without_chatter():
        import tensorflow.compat.v1 as tf
except ImportError as error:
    raise RuntimeError(
        f"TensorFlow cannot be imported by {sys.executable} on {socket.gethostname()} ({error}): run "
        f"`{sys.executable} -m pip install tensorflow` there, or point spark.pyspark.python "
        "(PYSPARK_PYTHON) to a Python that has it"
    ) from error

__all__ = ["session", "tf"]


def session(graph: Any, threads: int) -> Any:
    """Return a TensorFlow session on `graph` that computes with `threads` threads.

    TensorFlow fixes the number for the whole process when its first session starts.
    """
    config = tf.ConfigProto(
        intra_op_parallelism_threads=threads,
        inter_op_parallelism_threads=threads,
        allow_soft_placement=True,
    )
    # Several workers may share a GPU; by default the first would take all its memory.
    config.gpu_options.allow_growth = True
    return tf.Session(graph=graph, config=config)
