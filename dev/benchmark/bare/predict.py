"""One bare TensorFlow process that classifies its share of the rows: one thread, arrays in memory.

Reads a line, builds the net with the given weights, runs all rows through it, answers with the sum of the
classes.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import numpy as np

from benchmark.bare.predictor import Predictor

# Rows that go through the graph at once: the fastest of 256, 512, 1024, 2048 and 4096 here.
_CHUNK = 1024


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("arrays", type=Path)
    options.add_argument("weights", type=Path)
    options.add_argument("--times", type=int, required=True, help="how often the share is run through")
    options.add_argument("--worker", type=int, required=True)
    options.add_argument("--workers", type=int, required=True)
    args = options.parse_args()
    features = np.load(args.arrays / "train-features.npy", mmap_mode="r")
    share = len(features) // args.workers
    features = np.array(features[args.worker * share : (args.worker + 1) * share])
    for _ in sys.stdin:
        predictor = Predictor("mnist", args.weights)
        total = 0.0
        for _ in range(args.times):
            for start in range(0, share, _CHUNK):
                total += float(predictor(features[start : start + _CHUNK]).sum())
        predictor.close()
        print(json.dumps(total), flush=True)


if __name__ == "__main__":
    main()
