"""Graphs to train, as users build them, and what TensorFlow itself says of them."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from google.protobuf import json_format

from sparkflow.backend.runtime import tf

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from tf_keras.src.legacy_tf_layers import core, normalization


def as_json(build: Callable[[], Any]) -> str:
    """Return the MetaGraphDef, as JSON, of what `build` adds to a new graph."""
    graph = tf.Graph()
    with graph.as_default(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # tf.layers is deprecated, and what our users have
        build()
        return json_format.MessageToJson(tf.train.export_meta_graph(graph=graph))


def truth(
    text: str, weights: np.ndarray, feeds: dict[str, np.ndarray], regularization: bool = False
) -> tuple[float, np.ndarray]:
    """Return loss and flat gradient as `tf.gradients` gives them, on the graph as the user made it."""
    graph = tf.Graph()
    with graph.as_default(), tf.Session(graph=graph) as session:
        tf.train.import_meta_graph(json_format.Parse(text, tf.MetaGraphDef()))
        losses = tf.get_collection(tf.GraphKeys.LOSSES)[:1]
        if regularization:
            losses += tf.get_collection(tf.GraphKeys.REGULARIZATION_LOSSES)
        variables = tf.trainable_variables()
        gradients = tf.gradients(losses, variables)
        gradients = [
            tf.zeros(v.shape) if g is None else tf.convert_to_tensor(g)
            for g, v in zip(gradients, variables, strict=True)
        ]
        session.run(tf.global_variables_initializer())
        start = 0
        for v in variables:
            size = v.shape.num_elements()
            value = weights[start : start + size].reshape(v.shape.as_list())
            session.run(v.assign(tf.constant(value.astype(v.dtype.base_dtype.as_numpy_dtype))))
            start += size
        values, parts = session.run([losses, gradients], feeds)
    flat = np.concatenate([np.asarray(part, np.float32).reshape(-1) for part in parts])
    return float(sum(np.mean(value) for value in values)), flat


def inputs(width: int = 4, outputs: int = 3) -> tuple[Any, Any]:
    x = tf.placeholder(tf.float32, [None, width], name="x")
    y = tf.placeholder(tf.float32, [None, outputs], name="y")
    return x, y


def dense() -> None:
    x, y = inputs()
    hidden = core.dense(x, 5, activation=tf.nn.relu, name="hidden")
    tf.losses.softmax_cross_entropy(y, core.dense(hidden, 3, name="out"))


def ref_variables() -> None:
    x, y = inputs()
    w = tf.Variable(tf.truncated_normal([4, 3]), use_resource=False, name="w")
    b = tf.Variable(tf.zeros([3]), use_resource=False, name="b")
    tf.losses.mean_squared_error(y, tf.matmul(x, w) + b)


def embedding(use_resource: bool) -> None:
    x, y = tf.placeholder(tf.int64, [None, 4], name="x"), tf.placeholder(tf.float32, [None, 3], name="y")
    table = tf.get_variable("table", [20, 3], use_resource=use_resource)
    unused = tf.get_variable("unused", [2], use_resource=use_resource)
    rows = tf.nn.embedding_lookup(table, x)
    tf.losses.mean_squared_error(y, tf.reduce_sum(rows, 1) * (1.0 + 0.0 * tf.stop_gradient(unused[0])))


def cond(use_resource: bool) -> None:
    x, y = inputs()
    w = tf.get_variable("w", [4, 3], use_resource=use_resource)
    v = tf.get_variable("v", [4, 3], use_resource=use_resource)
    out = tf.cond(tf.reduce_sum(x) > 0, lambda: tf.matmul(x, w), lambda: tf.matmul(x, v) * 2.0)
    tf.losses.mean_squared_error(y, out)


def while_loop(use_resource: bool) -> None:
    x, y = inputs(3, 3)
    w = tf.get_variable("w", [3, 3], use_resource=use_resource)

    def body(i: Any, h: Any) -> tuple[Any, Any]:
        return i + 1, tf.cond(i > 0, lambda: tf.tanh(tf.matmul(h, w)), lambda: h + w[0])

    _, out = tf.while_loop(lambda i, h: i < 3, body, [0, x])
    tf.losses.mean_squared_error(y, out)


def batch_norm() -> None:
    x, y = inputs()
    hidden = normalization.batch_normalization(core.dense(x, 5), training=True, name="bn")
    seen = tf.Variable(np.int64(0), trainable=False, name="seen")
    tf.add_to_collection(tf.GraphKeys.UPDATE_OPS, tf.assign_add(seen, tf.shape(x, out_type=tf.int64)[0]))
    tf.losses.mean_squared_error(y, core.dense(hidden, 3))


def regularized() -> None:
    x, y = inputs()
    w = tf.get_variable("w", [4, 3], regularizer=lambda w: 0.1 * tf.reduce_sum(w * w))
    tf.losses.mean_squared_error(y, tf.matmul(x, w))


def mixed_dtypes() -> None:
    x, y = inputs()
    a = tf.get_variable("a", [4, 5], tf.float64)
    b = tf.get_variable("b", [5, 3], tf.float16)
    hidden = tf.matmul(tf.cast(x, tf.float64), a)
    out = tf.matmul(tf.cast(hidden, tf.float16), b)
    tf.losses.mean_squared_error(y, tf.cast(out, tf.float32))


def of_dtype(name: str) -> None:
    """All is of this dtype; the average is half of what it was and half of the mean of x."""
    dtype = tf.as_dtype(name)
    x = tf.placeholder(dtype, [None, 4], name="x")
    y = tf.placeholder(tf.float32, [None, 3], name="y")
    kernel = tf.get_variable("kernel", [4, 3], dtype)
    average = tf.get_variable("average", [], dtype, tf.zeros_initializer(), trainable=False)
    new = 0.5 * average + 0.5 * tf.reduce_mean(x)
    tf.add_to_collection(tf.GraphKeys.UPDATE_OPS, tf.assign(average, new))
    tf.losses.mean_squared_error(y, tf.cast(tf.matmul(x, kernel), tf.float32))


def two_losses() -> None:
    x, y = inputs()
    w = tf.get_variable("w", [4, 3])
    tf.losses.mean_squared_error(y, tf.matmul(x, w))
    tf.losses.absolute_difference(y, tf.matmul(x, w))


def vector_loss() -> None:
    x, y = inputs()
    w = tf.get_variable("w", [4, 3])
    tf.losses.mean_squared_error(y, tf.matmul(x, w), reduction=tf.losses.Reduction.NONE)


def dropout() -> None:
    x, y = inputs()
    tf.losses.mean_squared_error(y, core.dense(core.dropout(core.dense(x, 50), 0.5, training=True), 3))


def initializers(fixed: int | None = None) -> None:
    """Every way to draw a start: Keras' stateless, TF1's stateful, and one whose seed the user chose."""
    x, y = inputs()
    hidden = core.dense(x, 3, name="stateless")
    w = tf.get_variable("stateful", [3, 3])
    u = tf.get_variable("chosen", [3, 3], initializer=tf.random_normal_initializer(seed=fixed))
    tf.losses.mean_squared_error(y, tf.matmul(tf.matmul(hidden, w), u))


def rows(count: int, width: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((count, width)).astype(np.float32)


def shaped(backend, *columns):
    """What a backend's `step` takes of these columns."""
    return [feed.rows(column) for feed, column in zip(backend.feeds, columns, strict=True)]
