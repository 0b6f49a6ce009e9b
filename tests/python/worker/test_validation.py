"""Rows that are held out: apart from training, and evaluated at each iteration's end."""

import json

import numpy as np
import pyarrow as pa
import pytest

from backend import graphs
from backend.graphs import as_json
from ps.fake_server import FakeServer
from sparkflow.backend.graph import GraphBackend
from sparkflow.backend.runtime import tf
from sparkflow.worker import columns
from sparkflow.worker.loop import shape
from sparkflow.worker.train import Train
from worker.packing import FEDS, batch, packed, train_spec
from worker.test_tables import GRAPH as TABLES
from worker.test_tables import IDS
from worker.test_tables import LABELS as TARGETS
from worker.training import DENSE, FEATURES, LABELS

HELD = np.arange(30) % 3 == 0


def flagged(features=FEATURES, labels=LABELS, held=HELD):
    columns_of = {"features": packed(features), "label": packed(labels), "validation": pa.array(held)}
    return [pa.RecordBatch.from_pydict(columns_of)]


def train(server, batches=None, graph=DENSE, partition=0, **changes):
    spec = train_spec(server, graph, **{"iters": 3, "validation": True, **changes})
    return Train(spec).run(flagged() if batches is None else batches, partition, 1).to_pylist()[0]


def loss_at(weights, features, labels, graph=DENSE):
    backend = GraphBackend(graph, "x:0", "y:0", evaluation=True)
    backend.start(weights, b"")
    return backend.evaluate(weights, *shape(backend, [features, labels])).loss


def test_held_out_rows_train_nothing_and_are_evaluated_whole():
    with FakeServer(learning_rate=0.5) as server:
        result = train(server)
    with FakeServer(learning_rate=0.5) as plain:
        train(plain, [batch(FEATURES[~HELD], LABELS[~HELD])], validation=False)
    assert result["rows"] == 20
    np.testing.assert_array_equal(server.weights, plain.weights)
    assert [(v.iteration, v.samples, v.metrics) for v in server.validations] == [
        (i, 10, "{}") for i in range(3)
    ]
    # 8 and 2 rows at once: the mean is over the rows.
    assert server.validations[-1].loss == pytest.approx(loss_at(server.weights, FEATURES[HELD], LABELS[HELD]))
    assert server.validations[0].loss > server.validations[-1].loss


def test_local_steps_are_evaluated_at_the_weights_of_the_server():
    with FakeServer() as server:
        train(server, localSteps=3)
    assert server.validations[-1].loss == pytest.approx(
        loss_at(server.weights, FEATURES[HELD], LABELS[HELD]), rel=1e-5
    )


def test_tables_are_evaluated_by_rows():
    with FakeServer(learning_rate=0.3) as rows:
        train(rows, flagged(IDS, TARGETS), TABLES)
    with FakeServer(learning_rate=0.3) as whole:
        train(whole, flagged(IDS, TARGETS), TABLES, sparseTables=False)
    assert rows.hellos[0].tables == '["table"]'
    np.testing.assert_allclose(rows.weights, whole.weights, rtol=1e-5, atol=1e-6)
    assert [v.loss for v in rows.validations] == pytest.approx([v.loss for v in whole.validations])


def test_a_worker_without_held_out_rows_says_so():
    with FakeServer() as server:
        train(server, flagged(held=np.zeros(30, bool)), iters=1)
    assert [(v.samples, v.loss) for v in server.validations] == [(0, 0.0)]


def test_dropout_is_fed_as_for_prediction():
    def build():
        x, y = graphs.inputs()
        keep = tf.placeholder_with_default(0.5, [], name="keep")
        tf.losses.mean_squared_error(y, tf.matmul(x, tf.get_variable("w", [4, 3])) * keep)

    text, weights = as_json(build), np.ones(12, np.float32)
    losses = []
    for dropout in (1.0, 0.0):
        backend = GraphBackend(text, "x:0", "y:0", tf_dropout="keep:0", evaluation=True, dropout=dropout)
        backend.start(weights, b"")
        losses.append(backend.evaluate(weights, FEATURES, LABELS).loss)
    sums = FEATURES.sum(1, keepdims=True)
    assert losses == pytest.approx([np.mean((LABELS - sums) ** 2), np.mean(LABELS**2)])


def test_a_loss_that_is_no_number_names_the_validation():
    bad = LABELS.copy()
    bad[0] = np.nan  # held out
    with (
        FakeServer() as server,
        pytest.raises(FloatingPointError, match="validation's loss became nan"),
    ):
        train(server, flagged(labels=bad))
    assert "validation's loss became nan" in server.failures[0]


def test_a_partition_with_nothing_to_train_on_is_refused():
    with (
        FakeServer() as server,
        pytest.raises(ValueError, match=r"all 30 rows of partition 3 are held out .* none to train .*mix"),
    ):
        train(server, flagged(held=np.ones(30, bool)), partition=3)
    assert server.hellos == []


def test_rows_are_read_apart_within_the_limit_of_memory():
    kept, apart = columns.read_apart(flagged() * 2, FEDS, True)
    for (one, other), whole in zip(zip(kept, apart, strict=True), (FEATURES, LABELS), strict=True):
        np.testing.assert_array_equal(one, np.tile(whole[~HELD], (2, 1)))
        np.testing.assert_array_equal(other, np.tile(whole[HELD], (2, 1)))
    spilled = columns.read_apart(flagged() * 2, FEDS, True, columns.Spill(100))
    for one, other in zip((*kept, *apart), (*spilled[0], *spilled[1]), strict=True):
        np.testing.assert_array_equal(one, other)
    assert not spilled[1][0].flags.writeable  # from a file


def test_a_null_flag_names_the_param():
    flags = pa.array([True, None], pa.bool_())
    rows = pa.RecordBatch.from_pydict({"features": packed(FEATURES[:2]), "validation": flags})
    with pytest.raises(ValueError, match=r"validationIndicatorCol has 1 null rows.*fillna"):
        columns.read_apart([rows], FEDS[:1], True)


def test_metrics_of_all_batches_are_totals_and_counts():
    def build():
        x, y = graphs.inputs()
        out = tf.matmul(x, tf.get_variable("w", [4, 3]))
        loss = tf.losses.mean_squared_error(y, out)
        hit = tf.cast(tf.equal(tf.argmax(y, 1), tf.argmax(out, 1)), tf.float32)
        pair = [tf.reduce_sum(hit).name, tf.cast(tf.size(hit), tf.float32).name]
        own = {"loss": (loss * 2.0).name, "metrics": {"accuracy": pair}}
        tf.add_to_collection("sparkflow_evaluation", json.dumps(own))

    text = as_json(build)
    with FakeServer() as server:
        train(server, graph=text, iters=1)
    (told,) = server.validations
    out = FEATURES[HELD] @ server.weights.reshape(4, 3)
    assert told.loss == pytest.approx(2 * np.mean((out - LABELS[HELD]) ** 2), rel=1e-5)
    right = (out.argmax(1) == LABELS[HELD].argmax(1)).sum()
    assert json.loads(told.metrics) == {"accuracy": [right, 10]}
