"""The rows, in the order of the table. CONTRIBUTING says how to add one."""

from __future__ import annotations

from benchmark.row import Row
from benchmark.rows import training

ROWS: tuple[Row, ...] = (*training.ROWS,)
