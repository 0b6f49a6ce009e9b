"""The nets, in TensorFlow's own ops: SparkFlow and the bare sessions are given the same function."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def mnist() -> Any:
    """784-256-256-10: the net of the examples, 269,322 floats."""
    return _dense_net((256, 256))


def large() -> Any:
    """784-10000-9200-10: 100 million floats."""
    return _dense_net((10_000, 9_200))


def cnn() -> Any:
    """The net of examples/cnn.py."""
    import tensorflow.compat.v1 as tf

    x, y = _placeholders()
    images = tf.reshape(x, [-1, 28, 28, 1])
    conv1 = tf.nn.max_pool2d(_conv(images, 5, 32, "conv1"), 2, 2, "VALID")
    conv2 = tf.nn.max_pool2d(_conv(conv1, 3, 64, "conv2"), 2, 2, "VALID")
    return _classes(tf.reshape(conv2, [-1, 5 * 5 * 64]), y)


EMBEDDING = (5_000_000, 16)
IDS = 100  # of a sample


def embedding() -> Any:
    """The mean of a sample's rows of a table of 80 million floats, by a vector."""
    import tensorflow.compat.v1 as tf

    x = tf.placeholder(tf.int32, [None, IDS], name="x")
    y = tf.placeholder(tf.float32, [None, 1], name="y")
    table = tf.get_variable("table", EMBEDDING, initializer=tf.random_uniform_initializer(-0.05, 0.05))
    logits = _dense(tf.reduce_mean(tf.nn.embedding_lookup(table, x), 1), 1, "logits")
    tf.sigmoid(logits, name="out")
    return tf.losses.sigmoid_cross_entropy(y, logits)


NETS: dict[str, Callable[[], Any]] = {"mnist": mnist, "cnn": cnn, "large": large, "embedding": embedding}


def _dense_net(hidden: tuple[int, ...]) -> Any:
    import tensorflow.compat.v1 as tf

    x, y = _placeholders()
    layer = x
    for number, width in enumerate(hidden):
        layer = tf.nn.relu(_dense(layer, width, f"dense{number}"))
    return _classes(layer, y)


def _placeholders() -> tuple[Any, Any]:
    import tensorflow.compat.v1 as tf

    x = tf.placeholder(tf.float32, [None, 784], name="x")
    return x, tf.placeholder(tf.float32, [None, 10], name="y")


def _classes(layer: Any, y: Any) -> Any:
    import tensorflow.compat.v1 as tf

    logits = _dense(layer, 10, "logits")
    tf.argmax(logits, 1, name="out")
    return tf.losses.softmax_cross_entropy(y, logits)


def _dense(x: Any, width: int, name: str) -> Any:
    import tensorflow.compat.v1 as tf

    kernel, bias = _variables([int(x.shape[1]), width], name)
    return tf.nn.bias_add(tf.matmul(x, kernel), bias)


def _conv(x: Any, size: int, filters: int, name: str) -> Any:
    import tensorflow.compat.v1 as tf

    kernel, bias = _variables([size, size, int(x.shape[3]), filters], name)
    return tf.nn.relu(tf.nn.bias_add(tf.nn.conv2d(x, kernel, 1, "VALID"), bias))


def _variables(shape: list[int], name: str) -> tuple[Any, Any]:
    import tensorflow.compat.v1 as tf

    with tf.variable_scope(name):
        kernel = tf.get_variable("kernel", shape, initializer=tf.glorot_uniform_initializer())
        bias = tf.get_variable("bias", shape[-1:], initializer=tf.zeros_initializer())
    return kernel, bias
