"""The weights of a model that the JVM has, in this process."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sparkflow.backend.layout import Layout

# Weights that come at once: 64 MB, some four times that while Py4J makes text of them and bytes again. An
# array of bytes has 2 GiB at most.
_AT_ONCE = 1 << 24


def weights_of(java_model: Any, layout: Layout) -> NDArray[np.float32]:
    """All weights of a `SparkAsyncDLModel`, one after the other, in the order of its `layout`."""
    weights = np.empty(layout.weight_count, np.float32)
    for start in range(0, weights.size, _AT_ONCE):
        part = weights[start : start + _AT_ONCE]
        part[:] = np.frombuffer(java_model.weightsBytes(start, part.size), "<f4")
    return weights
