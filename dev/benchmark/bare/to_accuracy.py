"""Bare TensorFlow on all cores, from the start of Python to a trained net.

Prints the seconds spent on loading the arrays, which the other side has in memory, and on training after the
import of TensorFlow, when it is trained, and then the accuracy on the test images.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import numpy as np

from benchmark.bare.batches import Batches


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("arrays", type=Path)
    options.add_argument("--iterations", type=int, required=True)
    options.add_argument("--seed", type=int, default=1)
    args = options.parse_args()
    begin = time.monotonic()
    train = [np.load(args.arrays / f"train-{kind}.npy") for kind in ("features", "labels")]
    loading = time.monotonic() - begin
    from benchmark.bare.session import Trainer

    begin = time.monotonic()
    trainer = Trainer("mnist", threads=0, seed=args.seed)
    batches = Batches(train, 300, seed=args.seed)
    for _ in range(args.iterations):
        for features, labels in batches:
            trainer.step(features, labels)
    print(json.dumps({"loading": loading, "training": time.monotonic() - begin}), flush=True)
    features, labels = (np.load(args.arrays / f"t10k-{kind}.npy") for kind in ("features", "labels"))
    accuracy = float(np.mean(trainer.classes(features) == labels.argmax(axis=1)))
    print(json.dumps({"accuracy": accuracy}), flush=True)


if __name__ == "__main__":
    main()
