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
        from tensorflow.core.protobuf.config_pb2 import CallableOptions
except ImportError as error:
    raise RuntimeError(
        f"TensorFlow cannot be imported by {sys.executable} on {socket.gethostname()} ({error}): run "
        f"`{sys.executable} -m pip install tensorflow` there, or point spark.pyspark.python "
        "(PYSPARK_PYTHON) to a Python that has it"
    ) from error

__all__ = ["FUNCTIONAL", "CallableOptions", "session", "tf"]


def session(graph: Any, threads: int) -> Any:
    """Return a TensorFlow session on `graph` that computes with `threads` threads.

    TensorFlow fixes the number for the whole process when its first session starts.
    """
    config = tf.ConfigProto(
        intra_op_parallelism_threads=threads,
        inter_op_parallelism_threads=threads,
        allow_soft_placement=True,
    )
    # With a GPU the graph is cut in two, and one half may wait for the other.
    if threads == 1 and not _GPU and _runs_on_one_thread(graph):
        # Spares each op the hand-over to a pool of threads: 5 % of a step of a small dense net.
        config.experimental.executor_type = "SINGLE_THREADED_EXECUTOR"
    # Several workers may share a GPU; by default the first would take all its memory.
    config.gpu_options.allow_growth = True
    return tf.Session(graph=graph, config=config)


# Of TensorFlow 1's loops and branches.
_FRAMES = {"Enter", "Exit", "LoopCond", "Merge", "NextIteration", "Switch"}
# Those of TensorFlow 2.
FUNCTIONAL = {"Case", "If", "StatelessCase", "StatelessIf", "StatelessWhile", "While"}
_CONTROL_FLOW = _FRAMES | FUNCTIONAL


def _runs_on_one_thread(graph: Any) -> bool:
    """Whether TensorFlow's executor for a single thread takes the graph.

    It refuses refs and frames. It takes functional branches as they are: one in another, such as in the
    checks of ``tf.losses.…(weights=w)``, would wait for the pool's only thread, on which it runs, for ever.
    """
    return not any(
        op.type.removeprefix("Ref") in _CONTROL_FLOW or any(t.dtype._is_ref_dtype for t in op.outputs)
        for op in graph.get_operations()
    )
