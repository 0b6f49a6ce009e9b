"""Training a net whose weights outweigh everything else."""

from __future__ import annotations

from benchmark.row import Comparison, Row, Target
from benchmark.rows.training import TWO, Training

# Small batches: with 300 rows a step would be some seconds of matrix products.
_BATCH = 32
_STEPS = 8  # of an iteration

ROWS = (
    Row(
        "model-100m",
        "training a dense net of 100 million floats with 2 workers that push every 8 mini-batches of 32",
        (Comparison(TWO, "steps/s", Target(">=", 0.8)),),
        Training(
            net="large",
            rows=2 * _STEPS * _BATCH,
            batch=_BATCH,
            iterations=2,
            per_step=True,
            params={"localSteps": 8},
        ).samples,
        standard=False,
    ),
)
