"""What to say of a loss or a weight that is no number."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sparkflow.backend.feed import Fed
from sparkflow.worker.columns import Column
from sparkflow.worker.strings import Strings

# Rows that are looked at together: of rows in a file, no more need be in memory.
_BLOCK = 1 << 14


def remedy(feds: Sequence[Fed], columns: Sequence[Column]) -> str:
    """Return what to do, given the rows that were trained on: mend the first column with NaN, if any has."""
    for fed, rows in zip(feds, columns, strict=True):
        if not isinstance(rows, Strings) and rows.dtype.kind == "f" and (bad := _not_finite(rows)):
            return (
                f"the {fed.name} column has values that are NaN, infinite or beyond float32 in {bad} of "
                f"{len(rows)} rows: drop such rows or replace the values, or else lower tfLearningRate"
            )
    return "lower tfLearningRate, or look for unscaled values in the features"


def _not_finite(rows: np.ndarray) -> int:
    blocks = (rows[start : start + _BLOCK] for start in range(0, len(rows), _BLOCK))
    return sum(int((~np.isfinite(block).reshape(len(block), -1).all(axis=1)).sum()) for block in blocks)
