"""A TensorFlow session on one of the nets."""

from __future__ import annotations

from typing import Any

import tensorflow.compat.v1 as tf

from benchmark.nets import NETS


def session(graph: Any, threads: int) -> Any:
    """`threads`: for intra and inter; 0 takes all cores."""
    config = tf.ConfigProto(intra_op_parallelism_threads=threads, inter_op_parallelism_threads=threads)
    if threads == 1:  # 5 % faster on the MNIST net than the executor that would use several
        config.experimental.executor_type = "SINGLE_THREADED_EXECUTOR"
    return tf.Session(graph=graph, config=config)


class Trainer:
    """A net with Adam in the session.

    Parameters
    ----------
    seed : int
        Of the initial weights.
    """

    def __init__(self, net: str, threads: int, learning_rate: float = 0.001, seed: int = 1) -> None:
        graph = tf.Graph()
        with graph.as_default():
            tf.set_random_seed(seed)
            loss = NETS[net]()
            train = tf.train.AdamOptimizer(learning_rate).minimize(loss)
            initializer = tf.global_variables_initializer()
        graph.finalize()
        feeds = [graph.get_tensor_by_name(name) for name in ("x:0", "y:0")]
        self._session = session(graph, threads)
        self._session.run(initializer)
        # TensorFlow's public way to call a step again and again; with feeds it is session.run.
        self.step = self._session.make_callable([loss, train], feed_list=feeds)
        self.classes = self._session.make_callable(graph.get_tensor_by_name("out:0"), feed_list=feeds[:1])
