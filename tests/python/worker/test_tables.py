"""A worker that takes tables by rows, against a server in Python."""

import numpy as np
import pytest

from backend import graphs
from backend.graphs import as_json
from ps.fake_server import FakeServer
from sparkflow.backend.runtime import tf
from sparkflow.ps import wire
from sparkflow.worker.train import Train
from worker.packing import batch, train_spec

IDS = np.random.default_rng(0).integers(0, 20, (30, 4)).astype(np.float32)
LABELS = np.random.default_rng(1).standard_normal((30, 3)).astype(np.float32)


def embedding():
    x = tf.placeholder(tf.int32, [None, 4], name="x")
    y = tf.placeholder(tf.float32, [None, 3], name="y")
    table = tf.get_variable("table", [20, 5])
    kernel = tf.get_variable("kernel", [5, 3])
    seen = tf.get_variable("seen", [], tf.int64, initializer=tf.zeros_initializer(), trainable=False)
    tf.add_to_collection(tf.GraphKeys.UPDATE_OPS, tf.assign_add(seen, tf.shape(x, out_type=tf.int64)[0]))
    tf.losses.mean_squared_error(y, tf.reduce_sum(tf.gather(table, x), 1) @ kernel)


GRAPH = as_json(embedding)


def train(server, graph=GRAPH, features=IDS, partition=0, attempt=1, **changes):
    spec = train_spec(server, graph, **{"iters": 3, **changes})
    return Train(spec).run([batch(features, LABELS[: len(features)])], partition, attempt).to_pylist()[0]


def test_rows_and_whole_tables_give_the_same_weights():
    with FakeServer(learning_rate=0.3) as whole:
        train(whole, sparseTables=False)
    with FakeServer(learning_rate=0.3) as rows:
        assert train(rows)["steps"] == 12
    assert [hello.tables for hello in (*whole.hellos, *rows.hellos)] == ["", '["table"]']
    np.testing.assert_array_equal(rows.initial, whole.initial)
    np.testing.assert_allclose(rows.weights, whole.weights, rtol=1e-5, atol=1e-6)
    assert rows.state == whole.state
    assert [r.loss for r in rows.reports] == pytest.approx([r.loss for r in whole.reports])
    pairs = zip(rows.pushes, whole.pushes, strict=True)
    assert all((a.step, a.version, a.samples) == (b.step, b.version, b.samples) for a, b in pairs)


def test_each_batch_asks_for_the_rows_of_the_next():
    with FakeServer() as server:
        train(server, shufflePerIter=False, iters=2)
    expected = [np.unique(IDS[start : start + 8]).tolist() for start in (0, 8, 16, 24)] * 2 + [[]]
    assert [numbers.tolist() for numbers in server.asked] == expected


def test_rows_beside_shared_memory(tmp_path):
    with FakeServer() as tcp:
        train(tcp, transport="tcp")
    with FakeServer(shared=tmp_path) as shared:
        train(shared, transport="shm")
    assert shared.shared_pushes == 12
    np.testing.assert_array_equal(tcp.weights, shared.weights)


@pytest.mark.parametrize(
    ("compression", "encoding"), [("bf16", wire.BF16), ("int8", wire.INT8), ("topk", wire.TOPK)]
)
def test_compression_beside_rows(compression, encoding):
    with FakeServer(learning_rate=0.3) as plain:
        train(plain, transport="tcp")
    with FakeServer(learning_rate=0.3) as server:
        train(server, transport="tcp", compression=compression)
    assert all(push.flags & 0x38 == encoding | wire.BF16_WEIGHTS for push in server.pushes)
    assert len(server.pushes) == 12
    if compression != "topk":  # it sends one value of the 15 that are no table's in a push
        losses = [[report.loss for report in s.reports] for s in (server, plain)]
        assert losses[0] == pytest.approx(losses[1], rel=0.05)


@pytest.mark.parametrize("compression", ["bf16", "int8", "topk"])
def test_compression_of_a_model_of_nothing_but_tables(compression):
    graph = as_json(only_a_table)
    with FakeServer() as plain:
        train(plain, graph, transport="tcp")
    with FakeServer() as server:
        train(server, graph, transport="tcp", compression=compression)
    np.testing.assert_array_equal(server.weights, plain.weights)


def test_shared_memory_beside_rows_ignores_compression(tmp_path):
    with FakeServer(shared=tmp_path) as server:
        train(server, transport="shm", compression="int8")
    assert server.shared_pushes == len(server.pushes) == 12
    assert all(push.flags == wire.ANSWER_WEIGHTS for push in server.pushes)


def test_a_model_of_nothing_but_tables_has_nothing_to_share(tmp_path):
    graph = as_json(only_a_table)
    with FakeServer(shared=tmp_path) as server:
        train(server, graph, transport="shm")
    assert server.shared_pushes == 0
    assert np.abs(server.weights - server.initial).max() > 0


def only_a_table():
    x = tf.placeholder(tf.int32, [None, 4], name="x")
    y = tf.placeholder(tf.float32, [None, 3], name="y")
    tf.losses.mean_squared_error(y, tf.reduce_sum(tf.gather(tf.get_variable("table", [20, 3]), x), 1))


@pytest.mark.parametrize("broken", [0, 3, 7, 11])
@pytest.mark.parametrize("stochastic", [-1, 4])
def test_a_retried_task_ends_with_the_weights_of_an_unbroken_one(broken, stochastic):
    options = {"miniStochasticIters": stochastic}
    with FakeServer() as whole:
        train(whole, **options)
    with FakeServer(break_at=broken) as server:
        with pytest.raises(ConnectionError):
            train(server, attempt=1, **options)
        train(server, attempt=2, **options)
    assert [p.step for p in server.pushes] == [p.step for p in whole.pushes]
    np.testing.assert_array_equal(server.weights, whole.weights)


def test_a_second_worker_goes_on_from_the_weights_of_the_first():
    with FakeServer() as server:
        train(server)
        before = server.weights.copy()
        train(server, partition=1)
    assert server.version == 24
    assert server.done == 2
    assert np.abs(server.weights - before).max() > 0


def test_a_row_that_is_none_ends_the_fit_with_its_number():
    features = IDS.copy()
    features[20, 1] = 20
    with FakeServer() as server, pytest.raises(ValueError, match="row 20 of 'table'"):
        train(server, features=features, shufflePerIter=False)
    assert "which has rows 0 to 19" in server.failures[0]


def test_local_steps_are_whole():
    with FakeServer() as server:
        train(server, localSteps=2)
    assert server.hellos[0].tables == ""


def test_a_loss_that_is_no_number_is_not_pushed():
    def build():
        x = tf.placeholder(tf.int32, [None, 4], name="x")
        y = tf.placeholder(tf.float32, [None, 3], name="y")
        rows = tf.gather(tf.get_variable("table", [20, 3]), x)
        tf.losses.mean_squared_error(y, tf.reduce_sum(rows / 0.0, 1))

    with FakeServer() as server, pytest.raises(FloatingPointError, match="loss became"):
        train(server, as_json(build))
    assert server.pushes == []


def test_a_model_without_tables_says_hello_without_any():
    with FakeServer() as server:
        spec = train_spec(server, as_json(graphs.dense))
        Train(spec).run([batch(IDS, LABELS)], 0, 1)
    assert server.hellos[0].tables == ""
