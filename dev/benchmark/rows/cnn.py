"""Training a net whose math outweighs everything else."""

from __future__ import annotations

from benchmark.row import Comparison, Row, Target
from benchmark.rows.training import TWO, Training

ROWS = (
    Row(
        "cnn-2",
        "training the net of examples/cnn.py with 2 workers, mode hogwild",
        (Comparison(TWO, "samples/s", Target(">=", 0.97)),),
        Training(net="cnn", rows=4_800, iterations=4).samples,
    ),
)
