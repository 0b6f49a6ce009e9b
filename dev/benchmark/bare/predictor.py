"""A trained net in a bare session: what a user without SparkFlow would write."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import tensorflow.compat.v1 as tf

from benchmark.bare.session import session
from benchmark.nets import NETS


class Predictor:
    """Classes of rows, on one thread.

    Parameters
    ----------
    weights : Path
        An ``.npz`` of the trainable variables in order.
    """

    def __init__(self, net: str, weights: Path) -> None:
        graph = tf.Graph()
        with graph.as_default(), np.load(weights) as arrays:
            NETS[net]()
            variables = tf.trainable_variables()
            values = [arrays[name] for name in arrays.files]
            assign = [v.initializer for v in variables]
            feeds = {v.initial_value: value for v, value in zip(variables, values, strict=True)}
        graph.finalize()
        self._session = session(graph, threads=1)
        self._session.run(assign, feeds)
        self._run = self._session.make_callable("out:0", feed_list=["x:0"])

    def __call__(self, features: np.ndarray) -> np.ndarray:
        return self._run(features)

    def close(self) -> None:
        self._session.close()
