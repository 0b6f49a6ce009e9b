"""Graphs that the end-to-end tests train."""

from __future__ import annotations

from functools import partial

import tensorflow.compat.v1 as tf

from sparkflow.graph_utils import build_graph


def classifier(dimensions: int = 2) -> str:
    """Logistic net: (n, dimensions) → outer/Sigmoid:0 of (n, 1)."""
    return build_graph(partial(_classifier, dimensions))


def _classifier(dimensions: int) -> tf.Tensor:
    x = tf.placeholder(tf.float32, [None, dimensions], name="x")
    y = tf.placeholder(tf.float32, [None, 1], name="y")
    hidden = tf.layers.dense(x, 12, activation=tf.nn.relu)
    out = tf.layers.dense(hidden, 1, name="outer", activation=tf.nn.sigmoid)
    return tf.losses.mean_squared_error(y, out)


def linear() -> str:
    """y = w x + b on one number; plain variables; outputs pred:0 of (n, 1)."""
    return build_graph(_linear)


def _linear() -> tf.Tensor:
    x = tf.placeholder(tf.float32, [None, 1], name="x")
    y = tf.placeholder(tf.float32, [None, 1], name="y")
    w = tf.get_variable("w", [1, 1], initializer=tf.zeros_initializer())
    b = tf.get_variable("b", [1], initializer=tf.zeros_initializer())
    out = tf.identity(tf.matmul(x, w) + b, name="pred")
    return tf.losses.mean_squared_error(y, out)


def counting() -> str:
    """Of (n, 2): seen:0 of (n, 2) is the sum of a row, and in which of the session's batches it came, from 1.

    Rows of zeros train nothing.
    """
    return build_graph(_counting)


def _counting() -> tf.Tensor:
    x = tf.placeholder(tf.float32, [None, 2], name="x")
    w = tf.get_variable("w", [2, 1], initializer=tf.ones_initializer())
    calls = tf.get_variable("calls", [], initializer=tf.zeros_initializer(), trainable=False)
    out = tf.matmul(x, w)
    tf.concat([out, tf.zeros_like(out) + tf.assign_add(calls, 1.0)], 1, name="seen")
    return tf.reduce_mean(out)


def counter(columns: int) -> str:
    """The gradient of weight k is the mean of column k of x: gradient descent at a rate of 1 makes it minus
    the sum of these over all mini-batches."""
    return build_graph(partial(_counter, columns))


def _counter(columns: int) -> tf.Tensor:
    x = tf.placeholder(tf.float32, [None, columns], name="x")
    w = tf.get_variable("w", [columns, 1], initializer=tf.zeros_initializer())
    return tf.reduce_mean(tf.identity(tf.matmul(x, w), name="out"))


def autoencoder() -> str:
    return build_graph(_autoencoder)


def _autoencoder() -> tf.Tensor:
    x = tf.placeholder(tf.float32, [None, 10], name="x")
    code = tf.layers.dense(x, 3, activation=tf.nn.sigmoid, name="out")
    return tf.losses.mean_squared_error(x, tf.layers.dense(code, 10))


def dropout() -> str:
    """Multiplies its input by what the dropout placeholder says, so a test sees what it was fed."""
    return build_graph(_dropout)


def _dropout() -> tf.Tensor:
    x = tf.placeholder(tf.float32, [None, 1], name="x")
    y = tf.placeholder(tf.float32, [None, 1], name="y")
    rate = tf.placeholder_with_default(0.5, [], name="rate")
    w = tf.get_variable("w", [1, 1], initializer=tf.ones_initializer())
    tf.identity(x * rate, name="seen")
    return tf.losses.mean_squared_error(y, tf.matmul(x, w))


def batch_norm() -> str:
    return build_graph(_batch_norm)


def _batch_norm() -> tf.Tensor:
    x = tf.placeholder(tf.float32, [None, 2], name="x")
    y = tf.placeholder(tf.float32, [None, 1], name="y")
    training = tf.placeholder_with_default(False, [], name="training")
    normal = tf.layers.batch_normalization(x, training=True, momentum=0.9, name="bn")
    tf.identity(training, name="unused")
    out = tf.layers.dense(normal, 1, name="outer", activation=tf.nn.sigmoid)
    return tf.losses.mean_squared_error(y, out)


def noisy() -> str:
    """Has all that a worker may keep to itself: a batch norm's averages, and dropout."""
    return build_graph(_noisy)


def _noisy() -> tf.Tensor:
    x = tf.placeholder(tf.float32, [None, 2], name="x")
    y = tf.placeholder(tf.float32, [None, 1], name="y")
    normal = tf.layers.batch_normalization(tf.layers.dense(x, 8), training=True, momentum=0.9)
    hidden = tf.nn.dropout(tf.nn.relu(normal), rate=0.3)
    out = tf.layers.dense(hidden, 1, name="outer", activation=tf.nn.sigmoid)
    return tf.losses.mean_squared_error(y, out)


def embedding() -> str:
    """Four ids below 50 → the sum of their rows, 3 wide, by a matrix → pred:0 of (n, 2)."""
    return build_graph(embedding_function)


def embedding_function() -> tf.Tensor:
    x = tf.placeholder(tf.int32, [None, 4], name="x")
    y = tf.placeholder(tf.float32, [None, 2], name="y")
    rows = tf.nn.embedding_lookup(tf.get_variable("table", [50, 3]), x)
    out = tf.identity(tf.matmul(tf.reduce_sum(rows, 1), tf.get_variable("kernel", [3, 2])), name="pred")
    return tf.losses.mean_squared_error(y, out)
