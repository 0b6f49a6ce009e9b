"""How much each row counts in the loss."""

import numpy as np
import pytest

from backend.graphs import as_json, inputs, rows, shaped
from sparkflow.backend.graph import GraphBackend
from sparkflow.backend.runtime import tf

import keras  # isort: skip  # after TensorFlow has been imported quietly
from keras import layers  # isort: skip
from sparkflow.backend.keras.convert import convert  # isort: skip

FEATURES, LABELS = rows(8, 4), rows(8, 3)
WEIGHTS = np.array([[0], [1], [2], [0.5], [0], [3], [1], [1]], np.float32)


def weighted():
    x, y = inputs()
    w = tf.placeholder(tf.float32, [None, 1], name="w")
    tf.losses.mean_squared_error(y, tf.matmul(x, tf.get_variable("kernel", [4, 3])), weights=w)


def test_a_graph_is_fed_with_them():
    backend = GraphBackend(as_json(weighted), "x:0", "y:0", tf_sample_weight="w:0", evaluation=True)
    kernel = rows(4, 3).reshape(-1)
    backend.start(kernel, b"")
    batch = shaped(backend, FEATURES, LABELS, WEIGHTS)
    loss, parts = backend.step(kernel, *batch)
    difference = FEATURES @ kernel.reshape(4, 3) - LABELS
    nonzero = 3 * np.count_nonzero(WEIGHTS)
    assert loss == pytest.approx((WEIGHTS * difference**2).sum() / nonzero, rel=1e-5)
    gradient = 2 * FEATURES.T @ (WEIGHTS * difference) / nonzero
    np.testing.assert_allclose(np.concatenate(parts).reshape(4, 3), gradient, rtol=1e-4, atol=1e-6)
    assert backend.evaluate(kernel, *batch).loss == pytest.approx(loss)


def test_a_loss_that_does_not_heed_them_is_refused():
    def build():
        weighted()
        tf.placeholder(tf.float32, [None], name="unused")

    with pytest.raises(ValueError, match=r"does not depend on tfSampleWeight 'unused:0': give it"):
        GraphBackend(as_json(build), "x:0", "y:0", tf_sample_weight="unused:0")
    with pytest.raises(ValueError, match="'w:0' would get no value"):
        GraphBackend(as_json(weighted), "x:0", "y:0")
    with pytest.raises(ValueError, match="tfSampleWeight 'ww:0' is no tensor.*w:0"):
        GraphBackend(as_json(weighted), "x:0", "y:0", tf_sample_weight="ww:0")


@pytest.mark.parametrize("bad", [-1.0, np.nan, np.inf])
def test_what_is_no_weight_is_refused(bad):
    backend = GraphBackend(as_json(weighted), "x:0", "y:0", tf_sample_weight="w:0")
    with pytest.raises(ValueError, match=f"sampleWeightCol has the value {bad}, expected a number"):
        backend.feeds[2].rows(np.array([[1], [bad]], np.float32))


@pytest.mark.parametrize("compiled", [True, False])
def test_a_keras_loss_is_weighted_as_by_keras(compiled):
    keras.utils.set_random_seed(1)
    model = keras.Sequential(
        [
            keras.Input((4,)),
            layers.Dense(5, activation="tanh", kernel_regularizer="l2"),
            layers.Dense(3, activation="softmax"),
        ]
    )
    loss = keras.losses.CategoricalCrossentropy()
    model.compile(loss=loss, metrics=["mae"], weighted_metrics=["accuracy"])
    y = np.eye(3, dtype=np.float32)[[0, 1, 2, 0, 1, 2, 1, 0]]
    converted = convert(model, None if compiled else loss, weighted=True)
    weights = np.frombuffer(converted.values.weights, "<f4")
    backend = GraphBackend(
        converted.graph, "x:0", "y:0", tf_sample_weight="sample_weight:0", evaluation=True, tf_output="out:0"
    )
    backend.start(weights, converted.values.state)
    batch = shaped(backend, FEATURES, y, WEIGHTS)
    wanted = model.evaluate(
        FEATURES, y, sample_weight=WEIGHTS[:, 0], batch_size=8, verbose=0, return_dict=True
    )
    assert backend.step(weights, *batch)[0] == pytest.approx(wanted["loss"], rel=1e-5)
    found = backend.evaluate(weights, *batch)
    assert found.loss == pytest.approx(wanted["loss"], rel=1e-5)
    assert {name: total / count for name, (total, count) in found.metrics.items()} == pytest.approx(
        {name: wanted[name] for name in ("mae", "accuracy")}, rel=1e-5
    )
