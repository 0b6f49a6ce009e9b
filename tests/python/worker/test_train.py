"""The whole worker against a server in Python: from Arrow rows to pushed gradients."""

import gc
import json
import os
import threading
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

import sparkflow
from backend import graphs
from backend.graphs import as_json, inputs, rows
from ps.fake_server import FakeServer
from sparkflow.backend.graph import GraphBackend
from sparkflow.backend.layout import Layout, Variable
from sparkflow.backend.runtime import tf
from sparkflow.ps import wire
from sparkflow.ps.client import ServerError
from sparkflow.worker.train import RESULT, Train
from worker.packing import batch, packed, train_spec

DENSE = as_json(graphs.dense)
LOSS = "softmax_cross_entropy_loss/value:0"
FEATURES = rows(30, 4)
LABELS = np.eye(3, dtype=np.float32)[(FEATURES[:, 0] > 0).astype(int)]


def data(count=30):
    middle = count // 2
    return [batch(FEATURES[:middle], LABELS[:middle]), batch(FEATURES[middle:count], LABELS[middle:count])]


def train(server, batches=None, graph=DENSE, partition=0, attempt=1, **changes):
    spec = train_spec(server, graph, **changes)
    result = Train(spec).run(data() if batches is None else batches, partition, attempt)
    assert result.schema == RESULT
    assert result.num_rows == 1
    return result.to_pylist()[0]


def test_one_worker_trains_from_its_own_start():
    with FakeServer(learning_rate=0.5) as server:
        result = train(server, iters=20)
    assert result == {"partition": 0, "rows": 30, "steps": 80, "message": None}
    assert server.hellos == [wire.Hello(0, 0, 1, 30)]
    assert [push.step for push in server.pushes] == list(range(80))
    assert [push.version for push in server.pushes] == list(range(80))
    assert [push.samples for push in server.pushes[:4]] == [8, 8, 8, 6]
    assert [(r.iteration, r.samples) for r in server.reports] == [(i, 30) for i in range(20)]
    mean = sum(push.loss * push.samples for push in server.pushes[:4]) / 30
    assert server.reports[0].loss == pytest.approx(mean)
    assert server.reports[-1].loss < 0.5 * server.reports[0].loss
    assert server.done == 1
    np.testing.assert_array_equal(server.initial, GraphBackend(DENSE, "x:0", "y:0", seed=42).initial()[0])


def test_the_outcome_is_plain_sgd_over_the_planned_batches():
    with FakeServer(learning_rate=0.5) as server:
        train(server, iters=2, shufflePerIter=False)
    backend = GraphBackend(DENSE, "x:0", "y:0", seed=42)
    weights, state = backend.initial()
    backend.start(weights, state)
    for _ in range(2):
        for start in range(0, 30, 8):
            part = slice(start, start + 8)
            gradient = np.concatenate(backend.step(weights, FEATURES[part], LABELS[part])[1])
            weights = weights - np.float32(0.5) * gradient
    np.testing.assert_array_equal(server.weights, weights)


ENCODINGS = {"bf16": wire.BF16, "int8": wire.INT8, "topk": wire.TOPK}


@pytest.mark.parametrize("name", ENCODINGS)
@pytest.mark.parametrize("local_steps", [1, 3])
def test_compressed_training_ends_near_the_uncompressed(name, local_steps):
    losses = []
    for compression in ("none", name):
        with FakeServer(learning_rate=0.5) as server:
            train(server, iters=20, transport="tcp", compression=compression, localSteps=local_steps)
        losses.append(server.reports[-1].loss)
        assert losses[-1] < 0.3 * server.reports[0].loss
        assert all(push.flags & 0x30 == ENCODINGS.get(compression, 0) for push in server.pushes)
    if name != "topk":  # of this net it sends two values of 27 in a push
        assert losses[1] == pytest.approx(losses[0], rel=0.05)


def test_shared_memory_ignores_compression(tmp_path):
    with FakeServer(shared=tmp_path) as server:
        train(server, compression="int8")
    assert server.shared_pushes == len(server.pushes) == 16
    assert all(push.flags == wire.ANSWER_WEIGHTS | wire.SHARED for push in server.pushes)


def test_what_an_attempt_had_left_out_is_lost_with_it():
    with FakeServer(break_at=3) as server:
        with pytest.raises(ConnectionError):
            train(server, transport="tcp", compression="topk", attempt=1)
        result = train(server, transport="tcp", compression="topk", attempt=2)
    assert result["steps"] == 12
    assert [push.step for push in server.pushes] == list(range(16))


def test_shared_memory_and_tcp_give_the_same_weights(tmp_path):
    with FakeServer(learning_rate=0.5) as tcp:
        train(tcp, iters=3, transport="tcp")
    with FakeServer(learning_rate=0.5, shared=tmp_path) as shared:
        train(shared, iters=3, transport="shm")
    assert shared.shared_pushes == 12
    np.testing.assert_array_equal(tcp.weights, shared.weights)


def test_a_worker_that_lives_on_keeps_no_shared_memory_and_no_file(tmp_path):
    def held():
        gc.collect()
        maps = Path("/proc/self/maps").read_text().splitlines()
        return sum(str(tmp_path) in line for line in maps), len(os.listdir("/proc/self/fd"))

    def fit():
        with FakeServer(shared=tmp_path) as server:
            train(server, iters=2, transport="shm")
        assert server.shared_pushes == 8

    fit()  # TensorFlow opens what it keeps
    before = held()
    for _ in range(5):
        fit()
    assert before[0] == 0
    assert held() == before


def test_shared_memory_that_is_asked_for_and_not_there_is_an_error():
    words = "transport is 'shm', but this server shares nothing: set transport"
    with FakeServer() as server, pytest.raises(ValueError, match=words):
        train(server, transport="shm")
    assert len(server.failures) == 1


@pytest.mark.parametrize("broken", [0, 5, 7, 11])
@pytest.mark.parametrize("stochastic", [-1, 3])
def test_a_retried_task_ends_with_the_weights_of_an_unbroken_one(broken, stochastic):
    options = {"iters": 4, "miniStochasticIters": stochastic}
    with FakeServer() as whole:
        train(whole, **options)
    with FakeServer(break_at=broken) as server:
        with pytest.raises(ConnectionError):
            train(server, attempt=1, **options)
        result = train(server, attempt=2, **options)
    assert result["steps"] == len(whole.pushes) - broken - 1
    assert server.failures == []
    assert [p.step for p in server.pushes] == [p.step for p in whole.pushes]
    np.testing.assert_array_equal(server.weights, whole.weights)


@pytest.mark.parametrize(
    ("broken", "expected"),
    [(7, [(0, 30), (1, 0), (2, 30), (3, 30)]), (5, [(0, 30), (1, 14), (2, 30), (3, 30)])],
)
def test_a_retried_task_that_begins_with_an_iteration_reports_the_one_before(broken, expected):
    with FakeServer(break_at=broken) as server:
        with pytest.raises(ConnectionError):
            train(server, attempt=1, iters=4)
        train(server, attempt=2, iters=4)
    assert [(report.iteration, report.samples) for report in server.reports] == expected


def test_two_workers_share_the_weights_of_the_first():
    with FakeServer(learning_rate=0.2) as server:
        results = []

        def run(partition):
            results.append(train(server, partition=partition, attempt=partition, iters=10))

        threads = [threading.Thread(target=run, args=(k,)) for k in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(120)
    assert sorted(r["partition"] for r in results) == [0, 1]
    assert server.version == 80
    assert server.done == 2


def test_the_second_round_counts_iterations_on():
    with FakeServer() as server:
        train(server, iters=3)
        train(server, iters=3, round=1)
    assert [report.iteration for report in server.reports] == [0, 1, 2, 3, 4, 5]
    assert [push.step for push in server.pushes] == [*range(12), *range(12)]


def test_a_worker_is_known_before_it_reads_its_rows():
    def rows():
        assert server.starting == [wire.Starting(0, 3, 7)]
        assert server.hellos == []
        yield batch(FEATURES, LABELS)

    with FakeServer() as server:
        train(server, batches=rows(), partition=3, attempt=7)
    assert len(server.hellos) == 1


def test_rows_of_a_fit_that_is_over_are_not_read():
    def rows():
        raise AssertionError("read")
        yield

    with FakeServer(over=wire.Error(4, "the fit is over")) as server:
        assert train(server, batches=rows())["message"] == "the fit is over"


def test_an_empty_partition_says_so_and_no_more():
    expected = {"partition": 3, "rows": 0, "steps": 0, "message": None}
    with FakeServer() as server:
        assert train(server, batches=[], partition=3) == expected
        assert train(server, batches=[batch(FEATURES[:0], LABELS[:0])], partition=3, attempt=2) == expected
    assert server.hellos == [wire.Hello(0, 3, 1, 0), wire.Hello(0, 3, 2, 0)]
    assert server.layout is None


def test_an_empty_partition_of_a_fit_that_is_over_ends_quietly():
    with FakeServer(refuse=wire.Error(4, "the fit is over")) as server:
        assert train(server, batches=[])["message"] == "the fit is over"


def test_one_row():
    with FakeServer() as server:
        result = train(server, batches=[batch(FEATURES[:1], LABELS[:1])], iters=3)
    assert (result["rows"], result["steps"]) == (1, 3)


def test_batch_norm_state_is_merged_after_each_iteration():
    text = as_json(graphs.batch_norm)
    with FakeServer() as server:
        train(server, graph=text, iters=3)
    mean, variance, seen = server.layout.state_views(server.state)
    assert seen == 90
    np.testing.assert_allclose(server.kept, [0.99**4, 0.99**4, 1], rtol=1e-6)  # 4 steps an iteration
    assert np.abs(mean).max() > 0
    assert not np.array_equal(variance, np.ones(5))


def test_unsupervised():
    def build():
        x = tf.placeholder(tf.float32, [None, 4], name="x")
        code = graphs.core.dense(x, 2)
        tf.losses.mean_squared_error(x, graphs.core.dense(code, 4))

    with FakeServer(learning_rate=0.2) as server:
        train(server, [batch(FEATURES)], as_json(build), labels=[], iters=30)
    assert server.reports[-1].loss < 0.8 * server.reports[0].loss


def classes_by_number():
    x = tf.placeholder(tf.float32, [None, 4], name="x")
    y = tf.placeholder(tf.int32, [None], name="y")
    tf.losses.sparse_softmax_cross_entropy(y, graphs.core.dense(x, 3))


def test_a_label_of_one_value_fits_a_placeholder_of_rank_one():
    label = LABELS.argmax(1).astype(np.float32)[:, None]
    with FakeServer() as server:
        assert train(server, [batch(FEATURES, label)], as_json(classes_by_number))["steps"] == 16


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


@pytest.mark.parametrize("dropout", [None, "y:0"])
def test_an_output_that_works_changes_nothing(dropout):
    with FakeServer() as plain, FakeServer() as checked:
        train(plain)
        train(checked, tfOutputs=[LOSS if dropout else "out/BiasAdd:0"], tfDropout=dropout)
    np.testing.assert_array_equal(checked.weights, plain.weights)


def test_versions_must_agree():
    spec = json.loads(train_spec(None, DENSE)) | {"version": "0.9.9"}
    with pytest.raises(ValueError, match=r"jar is version 0\.9\.9") as raised:
        Train(json.dumps(spec))
    assert sparkflow.__version__ in str(raised.value)
    assert "update" in str(raised.value)


def test_the_secret_is_never_shown():
    assert bytes(range(32)).hex() not in repr(Train(train_spec(None, DENSE))._spec)
    assert "\\x1f" not in repr(Train(train_spec(None, DENSE))._spec)
