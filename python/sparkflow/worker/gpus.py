"""The GPUs that Spark gave a task, as the ones that its TensorFlow sees."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, MutableMapping
from typing import Any

# CUDA reads it when TensorFlow first asks for a device, and never again in the process.
_VARIABLE = "CUDA_VISIBLE_DEVICES"


def take(
    resources: Mapping[str, Any], environment: MutableMapping[str, str] = os.environ, *, started: bool
) -> str | None:
    """Let TensorFlow see the GPUs of a task and no others; to be called before it starts.

    Where the task has none to itself (``spark.task.resource.gpu.amount`` is not set, or Spark runs in local
    mode, which knows no resources), what TensorFlow sees stays as it is.

    Parameters
    ----------
    resources : mapping
        ``TaskContext.resources()``: those of the task by name, with their ``addresses``.
    environment : mapping
        The process'.
    started : bool
        Whether TensorFlow runs in this process already, for a task before: then it keeps the GPUs it has.

    Returns
    -------
    str or None
        What there is to say about it, if the task's are not the ones that it will use.
    """
    if "gpu" not in resources:
        return None
    given, had = ",".join(resources["gpu"].addresses), environment.get(_VARIABLE)
    if given == had:
        return None
    if not started:
        environment[_VARIABLE] = given
        return None
    return (
        f"sparkflow: Spark gave this task GPU {given}, but TensorFlow already runs on {had or 'all'} in this "
        "Python worker, which an earlier task started, and stays there. One GPU an executor "
        "(spark.executor.resource.gpu.amount=1) or spark.python.worker.reuse=false keeps them apart"
    )


def take_of(context: Any) -> None:
    """Do `take` for a task (a ``TaskContext``, None outside of Spark); a warning goes to the worker's log."""
    if context is not None:
        said = take(context.resources(), started="sparkflow.backend.runtime" in sys.modules)
        if said is not None:
            print(said, file=sys.stderr)
