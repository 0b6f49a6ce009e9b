"""Workers that average the gradients of several mini-batches before they push."""

import numpy as np
import pytest

from backend import graphs
from backend.graphs import as_json, rows
from ps.fake_server import FakeServer
from sparkflow.backend.layout import Layout
from worker.packing import batch
from worker.training import FEATURES, LABELS, train

import keras  # isort: skip  # after TensorFlow has been imported quietly
from keras import layers  # isort: skip
from sparkflow.backend.keras.convert import convert  # isort: skip
from sparkflow.backend.keras.optimizer import rule_of  # isort: skip


def gradient(accumulation=1, **clip):
    return {"gradient": {"accumulation": accumulation, "clip": clip}}


@pytest.mark.parametrize("clip", [{}, {"norm": 0.1}])
def test_three_mini_batches_are_one_of_three_times_the_rows(clip):
    with FakeServer() as large:
        train(large, miniBatchSize=24, **gradient(1, **clip))
    with FakeServer() as accumulated:
        result = train(accumulated, **gradient(3, **clip))
    assert result["steps"] == 16
    # The iteration's last mini-batch, of 6 rows, is left over.
    assert [push.samples for push in accumulated.pushes] == [24, 6] * 4
    assert [push.step for push in accumulated.pushes] == list(range(8))
    assert [report.samples for report in accumulated.reports] == [30] * 4
    np.testing.assert_allclose(accumulated.weights, large.weights, rtol=1e-5, atol=1e-6)
    losses = [[report.loss for report in each.reports] for each in (accumulated, large)]
    np.testing.assert_allclose(*losses, rtol=1e-5)


def test_each_row_counts_alike_where_the_last_mini_batch_is_small():
    with FakeServer() as large:
        train(large, miniBatchSize=-1, **gradient())
    with FakeServer() as accumulated:
        train(accumulated, **gradient(4))  # 8, 8, 8 and 6 rows
    np.testing.assert_allclose(accumulated.weights, large.weights, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("broken", [0, 3, 7])
def test_a_retried_task_goes_on_after_its_last_push(broken):
    with FakeServer() as whole:
        train(whole, **gradient(3))
    with FakeServer(break_at=broken) as server:
        with pytest.raises(ConnectionError):
            train(server, attempt=1, **gradient(3))
        train(server, attempt=2, **gradient(3))
    np.testing.assert_allclose(server.weights, whole.weights, rtol=1e-5, atol=1e-6)


def test_state_is_merged_as_of_all_mini_batches():
    with FakeServer() as server:
        train(server, graph=as_json(graphs.batch_norm), **gradient(3))
    assert server.layout.state_views(server.state)[2] == 120
    np.testing.assert_allclose(server.kept[:2], 0.99**4, rtol=1e-6)


def test_a_loss_that_is_no_number_is_not_averaged_in():
    labels = LABELS.copy()
    labels[20] = np.nan
    with FakeServer() as server, pytest.raises(FloatingPointError, match="loss became nan at iteration 0"):
        train(server, [batch(FEATURES, labels)], shufflePerIter=False, **gradient(4))
    assert server.pushes == []


SETTINGS = {
    "global norm": {"global_clipnorm": 0.3},
    "norm of each": {"clipnorm": 0.1},
    "value": {"clipvalue": 0.03},
    "accumulation": {"gradient_accumulation_steps": 2},
    "both": {"gradient_accumulation_steps": 2, "global_clipnorm": 0.3},
}


@pytest.mark.parametrize("case", SETTINGS)
def test_what_keras_does_with_these_settings(case):
    keras.utils.set_random_seed(1)
    model = keras.Sequential([keras.Input((4,)), layers.Dense(5, activation="tanh"), layers.Dense(3)])
    model.compile(optimizer=keras.optimizers.SGD(0.5, **SETTINGS[case]), loss="mse")
    x, y = rows(32, 4), rows(32, 3)
    rule, graph = rule_of(model.optimizer), convert(model)
    layout = Layout.from_json(graph.values.layout)
    names = {"clipNorm": "norm", "clipVariableNorm": "variable_norm", "clipValue": "value"}
    clip = {names[name]: value for name, value in rule.gradients.items() if name in names}
    accumulation = rule.gradients.get("gradientAccumulationSteps", 1)
    start = np.frombuffer(graph.values.weights, "<f4")
    with FakeServer(layout, start.copy(), learning_rate=rule.learning_rate) as server:
        plan = gradient(accumulation, **clip)
        train(server, [batch(x, y)], graph.graph, shufflePerIter=False, **plan)
    model.fit(x, y, batch_size=8, epochs=4, shuffle=False, verbose=0)
    theirs = np.concatenate([variable.numpy().reshape(-1) for variable in model.trainable_variables])
    assert np.abs(theirs - start).max() > 0.01
    np.testing.assert_allclose(server.weights, theirs, rtol=1e-5, atol=1e-6)
