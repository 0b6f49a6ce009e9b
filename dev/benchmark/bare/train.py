"""One bare TensorFlow process that trains on its share of the rows: one thread, Adam in the session.

Reads a line with a number of iterations, trains that many, answers with the times at which they ended.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

import numpy as np

from benchmark.bare.batches import Batches
from benchmark.bare.session import Trainer


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("net")
    options.add_argument("arrays", type=Path)
    options.add_argument("--rows", type=int, required=True, help="of all workers together")
    options.add_argument("--batch", type=int, required=True)
    options.add_argument("--worker", type=int, required=True)
    options.add_argument("--workers", type=int, required=True)
    args = options.parse_args()
    share = args.rows // args.workers
    rows = slice(args.worker * share, (args.worker + 1) * share)
    names = ("train-features.npy", "train-labels.npy")
    arrays = [np.array(np.load(args.arrays / name, mmap_mode="r")[rows]) for name in names]
    batches = Batches(arrays, args.batch, seed=args.worker)
    trainer = Trainer(args.net, threads=1)
    for line in sys.stdin:
        ends = []
        for _ in range(int(line)):
            total = 0.0
            for features, labels in batches:
                loss, _ = trainer.step(features, labels)
                total += float(loss) * len(features)  # ours keeps the mean loss, too
            ends.append(time.monotonic())
        print(json.dumps(ends), flush=True)


if __name__ == "__main__":
    main()
