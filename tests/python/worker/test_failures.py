"""What ends a worker's task, and what the server and the task say of it then."""

import json

import numpy as np
import pyarrow as pa
import pytest

import sparkflow
from backend import graphs
from backend.graphs import as_json, inputs
from ps.fake_server import FakeServer
from sparkflow.backend.graph import GraphBackend
from sparkflow.backend.layout import Layout, Variable
from sparkflow.backend.runtime import tf
from sparkflow.ps import wire
from sparkflow.ps.client import ServerError
from sparkflow.worker.train import Train
from worker.packing import batch, packed, train_spec
from worker.training import DENSE, FEATURES, LABELS, LOSS, classes_by_number, train


def test_a_loss_that_is_no_number_stops_with_iteration_and_hint():
    # Not in the features: on some processors, TensorFlow's fused layers make 0 of a NaN.
    labels = LABELS.copy()
    labels[20] = np.nan
    with FakeServer() as server, pytest.raises(FloatingPointError) as raised:
        train(server, [batch(FEATURES, labels)], partition=1, iters=5, round=1, shufflePerIter=False)
    expected = (
        "loss became nan at iteration 5 (partition 1, step 2): the label column has values that are "
        "NaN, infinite or beyond float32 in 1 of 30 rows: drop such rows or replace the values, or else "
        "lower tfLearningRate"
    )
    assert str(raised.value) == expected
    assert server.failures == [expected]
    assert len(server.pushes) == 2


def test_weights_that_are_no_numbers_stop_though_the_loss_is_one():
    def build():
        x = tf.placeholder(tf.float32, [None, 4], name="x")
        hidden = graphs.core.dense(x, 3)
        tf.losses.add_loss(tf.reduce_mean(tf.where(tf.is_nan(hidden), tf.zeros_like(hidden), hidden)))

    features = FEATURES.copy()
    features[3, 2] = features[20, 1] = np.nan
    expected = (
        r"a weight became NaN or infinite in iteration 0 \(seen by partition 0\): the features column has "
        "values that are NaN, infinite or beyond float32 in 2 of 30 rows"
    )
    with FakeServer() as server, pytest.raises(FloatingPointError, match=expected):
        train(server, [batch(features)], as_json(build), labels=[], iters=5)
    assert server.reports == [] and server.failures


def test_a_label_beyond_the_classes_is_told_with_the_remedy():
    label = LABELS.argmax(1).astype(np.float32)[:, None]
    label[4] = 3
    with FakeServer() as server, pytest.raises(tf.errors.InvalidArgumentError):
        train(server, [batch(FEATURES, label)], as_json(classes_by_number))
    (told,) = server.failures
    assert "label value of 3 which is outside the valid range of [0, 3)" in told
    assert "look at labelCol" in told and "Label values" not in told


def test_a_learning_rate_that_is_too_high_is_told_where_the_rows_are_numbers():
    with (
        FakeServer(learning_rate=1e38) as server,
        pytest.raises(FloatingPointError, match="lower tfLearningRate, or look for unscaled values"),
    ):
        train(server, iters=5)


def test_a_task_that_a_newer_attempt_has_taken_over_fails_so_that_spark_keeps_the_newer():
    refusal = wire.Error(3, "a newer attempt of partition 0 is known")
    with FakeServer(refuse=refusal) as server, pytest.raises(ServerError, match="newer attempt"):
        train(server)
    assert server.failures == []


def test_a_fit_that_is_over_ends_the_task_quietly():
    with FakeServer(refuse=wire.Error(4, "cancelled: loss became nan")) as server:
        result = train(server)
    assert result == {"partition": 0, "rows": 30, "steps": 0, "message": "cancelled: loss became nan"}
    assert server.failures == []


def test_initial_weights_of_another_graph_fail_the_fit():
    layout = Layout((Variable("hidden/kernel", (9, 5)),), ())
    words = "initialWeights come from another graph"
    with FakeServer(layout, np.zeros(45, np.float32)) as server, pytest.raises(ValueError, match=words):
        train(server)
    (message,) = server.failures
    assert "'hidden/kernel' [4, 5] where the weights have 'hidden/kernel' [9, 5]" in message


def test_an_error_inside_tensorflow_reaches_the_driver_with_its_own_words_first():
    def build():
        x, y = inputs()
        w = tf.get_variable("w", [4, 3])
        check = tf.debugging.assert_less(x, 2.0, message="x is too large")
        with tf.control_dependencies([check]):
            tf.losses.mean_squared_error(y, tf.matmul(x, w))

    with FakeServer() as server, pytest.raises(tf.errors.InvalidArgumentError):
        train(server, [batch(FEATURES * 100, LABELS)], as_json(build))
    (message,) = server.failures
    assert "x is too large" in message
    assert "InvalidArgumentError in partition 0" in message


def test_a_long_error_is_cut_and_starts_with_its_words(monkeypatch):
    def fail(*_):
        raise RuntimeError("\n \n2 root error(s) found.\n" + "of many words " * 500)

    monkeypatch.setattr(GraphBackend, "step", fail)
    with FakeServer() as server, pytest.raises(RuntimeError):
        train(server)
    (message,) = server.failures
    assert message.startswith("2 root error(s) found.\nof many")
    words, _, where = message.partition("… (")
    assert 980 < len(words) < 1000
    assert where.startswith("RuntimeError in partition 0 on ")


def test_a_null_row_is_refused_before_anything_is_sent():
    bad = pa.RecordBatch.from_pydict({"features": pa.array([None], pa.binary()), "label": packed(LABELS[:1])})
    with FakeServer() as server, pytest.raises(ValueError, match=r"inputCol.*null"):
        train(server, [bad])
    assert server.hellos == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"tfOutputs": ["out/BiasAdd"]}, r"tfOutput 'out/BiasAdd' .*did you mean 'out/BiasAdd:0'"),
        ({"tfOutputs": ["nothing:0"]}, "tfOutput 'nothing:0' is no tensor"),
        (
            {"tfOutputs": [LOSS]},
            f"tfOutput '{LOSS}' cannot be computed: placeholder 'y:0' would get no value",
        ),
        ({"tfOutputs": ["out/BiasAdd:0"], "tfDropout": "keep"}, "tfDropout 'keep' is no tensor"),
    ],
)
def test_what_prediction_could_not_do_is_refused_before_the_training(changes, words):
    with FakeServer() as server, pytest.raises(ValueError, match=words):
        train(server, **changes)
    assert server.hellos == []


def test_versions_must_agree():
    spec = json.loads(train_spec(None, DENSE)) | {"version": "0.9.9"}
    with pytest.raises(ValueError, match=r"jar is version 0\.9\.9") as raised:
        Train(json.dumps(spec))
    assert sparkflow.__version__ in str(raised.value)
    assert "update" in str(raised.value)
