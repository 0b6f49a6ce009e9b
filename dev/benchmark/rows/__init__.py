"""The rows, in the order of the table. CONTRIBUTING says how to add one."""

from __future__ import annotations

from benchmark.row import Row
from benchmark.rows import (
    cnn,
    compression,
    embedding,
    fixed_cost,
    model_100m,
    optimizer,
    push_pull,
    rows_in,
    time_to_97,
    training,
    transform,
    worker_memory,
)

ROWS: tuple[Row, ...] = (
    *training.ROWS,
    *time_to_97.ROWS,
    *fixed_cost.ROWS,
    *push_pull.ROWS,
    *compression.ROWS,
    *optimizer.ROWS,
    *cnn.ROWS,
    *rows_in.ROWS,
    *transform.ROWS,
    *worker_memory.ROWS,
    *model_100m.ROWS,
    *embedding.ROWS,
)
