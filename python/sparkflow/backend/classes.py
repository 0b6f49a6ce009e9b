"""The number of the likeliest class, for outputs that say how much each class is."""

from __future__ import annotations

from typing import Any

from sparkflow.backend.runtime import tf


def add_class(output: Any, name: str = "class") -> None:
    """Add the class, an int64 for each row, if the rows of `output` have several floating values."""
    shape = output.shape
    if output.dtype.is_floating and shape.rank == 2 and (shape.as_list()[1] or 0) > 1:
        tf.argmax(output, 1, name=name)
