"""Makes tests/fixtures/sparse: what TensorFlow's optimizers do with tf.IndexedSlices, for the Scala tests.

    .venv/bin/python dev/sparse_fixtures.py            writes index.json and weights.bin
    .venv/bin/python dev/sparse_fixtures.py --check    only compares them with the TensorFlow installed

A dense variable of ``dense`` values and a table of ``shape`` are trained. In each step each row of the table
but the first, which never has a gradient, has one if the next number of ``Draws`` is above the case's
``bound``. index.json names the cases; weights.bin holds little-endian float32: for each case all weights, the
dense ones first, after each ``every``-th step. Weights and gradients are drawn as for
dev/optimizer_fixtures.py.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tensorflow2
import tensorflow.compat.v1 as tf

import optimizer_fixtures as plain

HERE = Path(__file__).resolve().parent.parent / "tests" / "fixtures" / "sparse"
DENSE = 4
SHAPE = [12, 3]

# (optimizer, learning rate, options, steps, bound, every)
CASES: list[tuple[str, float, dict[str, Any], int, float, int]] = [
    # Where an accumulator of 0 meets a gradient of 0, TensorFlow's sparse FTRL has NaN; its dense one and
    # ours have 0.
    *((*case, 25, 0.4, 1) for case in plain.CASES if case[2].get("initial_accumulator_value") != 0.0),
    # Rows that are idle for so long that their weights stand still, or nearly so.
    ("adam", 0.01, {}, 1200, 0.99, 100),
    ("adam", 0.01, {"beta1": 0.0, "beta2": 0.9}, 300, 0.95, 25),
    ("adam", 0.01, {"beta1": 0.5, "beta2": 0.5, "epsilon": 1e-3}, 600, 0.98, 50),
    ("adam", 0.01, {"beta1": 0.9, "beta2": 0.85, "epsilon": 0.01}, 300, 0.95, 25),
]


class Draws(plain.Draws):
    """Also says which rows have a gradient."""

    def rows(self, bound: float) -> list[int]:
        return [row for row in range(1, SHAPE[0]) if self.number() > bound]


def follow(
    name: str, learning_rate: float, options: dict[str, Any], steps: int, bound: float
) -> Iterator[npt.NDArray[np.float32]]:
    """All weights after each step of TensorFlow's optimizer, float32, one dimension."""
    draws = Draws()
    with tf.Graph().as_default(), tf.Session() as session:
        dense = tf.Variable(draws.weights(DENSE))
        table = tf.Variable(draws.weights(SHAPE[0] * SHAPE[1]).reshape(SHAPE))
        gradient = tf.placeholder(tf.float32, [DENSE])
        values = tf.placeholder(tf.float32, [None, SHAPE[1]])
        rows = tf.placeholder(tf.int32, [None])
        slices = tf.IndexedSlices(values, rows, tf.constant(SHAPE))
        global_step = tf.train.get_or_create_global_step()
        own = {"global_step": global_step} if name == "adagrad_da" else {}
        optimizer = plain.CONSTRUCTORS[name](learning_rate=learning_rate, **own, **options)
        update = optimizer.apply_gradients([(gradient, dense), (slices, table)], global_step=global_step)
        session.run(tf.global_variables_initializer())
        for _ in range(steps):
            whole = draws.gradient(DENSE)
            chosen = draws.rows(bound)
            parts = draws.gradient(len(chosen) * SHAPE[1]).reshape(-1, SHAPE[1])
            # Each row twice, with half of the gradient: TensorFlow adds them up.
            feed = {
                gradient: whole,
                rows: chosen + chosen[::-1],
                values: np.concatenate([parts, parts[::-1]]) / 2,
            }
            session.run(update, feed)
            yield np.concatenate([value.ravel() for value in session.run([dense, table])])


def build() -> tuple[dict[str, Any], npt.NDArray[np.float32]]:
    cases: list[dict[str, Any]] = []
    pieces: list[npt.NDArray[np.float32]] = []
    for name, learning_rate, options, steps, bound, every in CASES:
        pieces += list(follow(name, learning_rate, options, steps, bound))[every - 1 :: every]
        case = {"optimizer": name, "learning_rate": learning_rate, "options": options}
        cases.append(case | {"steps": steps, "bound": bound, "every": every})
    index = {"tensorflow": tensorflow2.__version__, "dense": DENSE, "shape": SHAPE, "cases": cases}
    return index, np.concatenate(pieces).astype("<f4")


if __name__ == "__main__":
    sys.exit(plain.main(__doc__, HERE, build))
