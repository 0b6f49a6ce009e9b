"""Inputs, variables and state of float16, bfloat16 and float64, and Keras' policies of mixed precision."""

from functools import partial

import numpy as np
import pytest

from backend import graphs
from backend.graphs import as_json, rows, truth
from sparkflow.backend.graph import GraphBackend

import keras  # isort: skip  # after TensorFlow has been imported quietly
from keras import layers  # isort: skip
from sparkflow.backend.keras.convert import convert  # isort: skip
from sparkflow.backend.keras.optimizer import rule_of  # isort: skip

NEAR = {"float16": 2**-9, "bfloat16": 2**-6, "float64": 1e-6}
FEATURES, LABELS = rows(8, 4), rows(8, 3)


@pytest.mark.parametrize("dtype", NEAR)
def test_a_graph_is_fed_and_kept_in_any_of_them(dtype):
    text = as_json(partial(graphs.of_dtype, dtype))
    backend = GraphBackend(text, "x:0", "y:0")
    start, state = backend.initial()
    assert start.dtype == np.float32
    assert [v.dtype for v in backend.layout.state] == ["float64" if dtype == "float64" else "float32"]
    assert len(state) == backend.layout.state_bytes
    backend.start(start, state)
    features = backend.feeds[0].rows(FEATURES)
    assert features.dtype.name == dtype
    loss, parts = backend.step(start, features, backend.feeds[1].rows(LABELS))
    expected, gradient = truth(text, start, {"x:0": features, "y:0": LABELS})
    assert loss == pytest.approx(expected, rel=1e-6)
    np.testing.assert_allclose(np.concatenate(parts), gradient, rtol=1e-6, atol=1e-7)

    (average,) = backend.layout.state_views(backend.state())
    assert average == pytest.approx(FEATURES.mean() / 2, abs=NEAR[dtype])
    assert average != 0
    np.testing.assert_allclose(backend.decay(), [0.5])
    backend.restore(backend.layout.state_of([np.array(0.25)]))
    backend.step(start, features, backend.feeds[1].rows(LABELS))
    (average,) = backend.layout.state_views(backend.state())
    assert average == pytest.approx(0.125 + FEATURES.mean() / 2, abs=NEAR[dtype])


@pytest.fixture
def policy():
    before = keras.config.dtype_policy()
    yield keras.config.set_dtype_policy
    keras.config.set_dtype_policy(before)


def made():
    keras.utils.set_random_seed(1)
    model = keras.Sequential(
        [keras.Input((4,)), layers.Dense(8, activation="tanh"), layers.Dense(3, dtype="float32")]
    )
    model.compile(optimizer=keras.optimizers.SGD(0.5), loss="mse")
    return model


def test_mixed_bfloat16_learns_what_keras_does(policy):
    policy("mixed_bfloat16")
    model = made()
    graph = convert(model)
    assert rule_of(model.optimizer).name == "gradient_descent"
    backend = GraphBackend(graph.graph, "x:0", "y:0")
    weights = np.frombuffer(graph.values.weights, "<f4").copy()
    backend.start(weights, graph.values.state)
    for _ in range(20):
        _, parts = backend.step(weights, backend.feeds[0].rows(FEATURES), backend.feeds[1].rows(LABELS))
        weights -= np.float32(0.5) * np.concatenate(parts)
    model.fit(FEATURES, LABELS, batch_size=8, epochs=20, verbose=0)
    theirs = np.concatenate([v.numpy().reshape(-1) for v in model.trainable_variables])
    assert theirs.dtype == weights.dtype == np.float32
    np.testing.assert_allclose(weights, theirs, rtol=0.05, atol=0.01)


def test_mixed_float16_needs_the_loss_scaled(policy):
    policy("mixed_float16")
    model = made()
    with pytest.raises(ValueError, match="LossScaleOptimizer .* float16 needs it.*mixed_bfloat16"):
        rule_of(model.optimizer)
    with pytest.raises(ValueError, match="'mixed_float16', .* scales the loss.*mixed_bfloat16"):
        convert(model)
    unscaled = made()
    unscaled.compile(optimizer=keras.optimizers.SGD(0.5), loss="mse", auto_scale_loss=False)
    convert(unscaled)
