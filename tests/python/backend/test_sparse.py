"""Sparse placeholders, fed by rows of bytes."""

import numpy as np
import pytest

from backend.graphs import as_json, rows, truth
from sparkflow.backend.graph import GraphBackend
from sparkflow.backend.layout import Layout
from sparkflow.backend.predictor import GraphPredictor
from sparkflow.backend.runtime import tf

WIDTH = 50
DENSE = np.where(np.random.default_rng(1).random((6, WIDTH)) < 0.1, rows(6, WIDTH), 0).astype(np.float32)
DENSE[2] = 0


def linear(dtype=tf.float32, shape=(None, WIDTH), sparse=True):
    def build():
        x = (tf.sparse_placeholder if sparse else tf.placeholder)(dtype, shape, name="x")
        y = tf.placeholder(tf.float32, [None, 2], name="y")
        w = tf.get_variable("w", [WIDTH, 2])
        values = tf.cast(x, tf.float32)
        out = tf.sparse_tensor_dense_matmul(values, w) if sparse else tf.matmul(values, w)
        tf.identity(out, name="out")
        tf.losses.mean_squared_error(y, out)

    return as_json(build)


@pytest.mark.parametrize("dtype", [tf.float32, tf.float64, tf.int32, tf.int64])
def test_it_learns_and_predicts_what_the_dense_graph_does(dtype):
    x = np.round(DENSE * 100) if dtype.is_integer else DENSE
    y = rows(6, 2)
    text = linear(dtype)
    backend = GraphBackend(text, "x", "y:0")
    weights, state = backend.initial()
    backend.start(weights, state)
    feed = backend.feeds[0].rows(x)
    assert feed.dtype == object and feed.shape == (6,)
    size = dtype.size + 4
    assert [len(row) for row in feed] == (np.count_nonzero(x, 1) * size).tolist()
    loss, parts = backend.step(weights, feed, backend.feeds[1].rows(y))
    expected, gradient = truth(linear(dtype, sparse=False), weights, {"x:0": x, "y:0": y})
    assert loss == pytest.approx(expected, rel=1e-5)
    np.testing.assert_allclose(np.concatenate(parts), gradient, rtol=1e-4, atol=1e-5)
    layout = Layout.from_json(backend.layout.to_json())
    predictor = GraphPredictor(text, layout, weights, state, "x", "out:0", batch=4)
    np.testing.assert_allclose(predictor(x), x @ weights.reshape(WIDTH, 2), rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(predictor(x[2:3]), [[0, 0]])


def test_another_width_and_no_width_are_refused():
    with pytest.raises(ValueError, match="takes 50 values a row, but the features column has 3"):
        GraphBackend(linear(), "x", "y:0").feeds[0].rows(rows(2, 3))
    with pytest.raises(ValueError, match="sparse placeholder of shape unknown: give it the size of a row"):
        GraphBackend(linear(shape=None), "x", "y:0")
