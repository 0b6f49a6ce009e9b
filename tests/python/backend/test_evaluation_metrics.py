"""Metrics that are named by a graph's own tensors."""

import numpy as np
import pytest

from backend.graphs import as_json, inputs, rows
from sparkflow.backend.graph import GraphBackend
from sparkflow.backend.runtime import tf

FEATURES, LABELS = rows(8, 4), np.eye(3, dtype=np.float32)[[0, 1, 2, 0, 1, 2, 1, 0]]


def build():
    x, y = inputs()
    out = tf.identity(tf.matmul(x, tf.get_variable("kernel", [4, 3])), name="out")
    hit = tf.equal(tf.argmax(out, 1), tf.argmax(y, 1), name="hit")
    tf.reduce_mean(tf.cast(hit, tf.float32), name="rate")
    tf.reduce_sum(tf.abs(out - y), 1, keepdims=True, name="far")
    tf.add(out, tf.placeholder(tf.float32, [], name="unfed"), name="odd")
    tf.reduce_mean(out + tf.get_default_graph().get_tensor_by_name("unfed:0"), name="unfed_mean")
    tf.losses.mean_squared_error(y, out)


METRICS = {"hits": "hit:0", "rate": "rate:0", "far": "far:0"}


def test_a_tensor_has_a_value_for_each_row_or_for_the_mini_batch():
    backend = GraphBackend(as_json(build), "x:0", "y:0", evaluation=True, metrics=METRICS)
    kernel = rows(4, 3).reshape(-1)
    backend.start(kernel, b"")
    found = backend.evaluate(kernel, FEATURES, LABELS)
    out = FEATURES @ kernel.reshape(4, 3)
    right = (out.argmax(1) == LABELS.argmax(1)).sum()
    assert found.metrics == {
        "hits": (pytest.approx(right), 8),
        "rate": (pytest.approx(right), 8),
        "far": (pytest.approx(np.abs(out - LABELS).sum(), rel=1e-5), 8),
    }
    assert found.loss == pytest.approx(((out - LABELS) ** 2).mean(), rel=1e-5)


@pytest.mark.parametrize(
    ("tensor", "words"),
    [
        ("hits:0", "tfMetrics 'hits:0' is no tensor of tensorflowGraph"),
        ("out:0", "names 'out:0' as 'm', which is of dtype float32 and shape .*3.: expected one number"),
        ("unfed_mean:0", "names 'unfed_mean:0' as 'm', which cannot be computed: placeholder 'unfed:0'"),
    ],
)
def test_what_is_no_metric(tensor, words):
    with pytest.raises(ValueError, match=words):
        GraphBackend(as_json(build), "x:0", "y:0", evaluation=True, metrics={"m": tensor})
