"""The whole worker against a server in Python: from Arrow rows to pushed gradients."""

import gc
import os
import threading
from pathlib import Path

import numpy as np
import pytest

from backend import graphs
from backend.graphs import as_json
from ps.fake_server import FakeServer
from sparkflow.backend.graph import GraphBackend
from sparkflow.backend.runtime import tf
from sparkflow.ps import wire
from sparkflow.worker.train import Train
from worker.packing import batch, train_spec
from worker.training import DENSE, FEATURES, LABELS, LOSS, classes_by_number, train


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


def test_a_label_of_one_value_fits_a_placeholder_of_rank_one():
    label = LABELS.argmax(1).astype(np.float32)[:, None]
    with FakeServer() as server:
        assert train(server, [batch(FEATURES, label)], as_json(classes_by_number))["steps"] == 16


@pytest.mark.parametrize("dropout", [None, "y:0"])
def test_an_output_that_works_changes_nothing(dropout):
    with FakeServer() as plain, FakeServer() as checked:
        train(plain)
        train(checked, tfOutputs=[LOSS if dropout else "out/BiasAdd:0"], tfDropout=dropout)
    np.testing.assert_array_equal(checked.weights, plain.weights)


def test_the_secret_is_never_shown():
    assert bytes(range(32)).hex() not in repr(Train(train_spec(None, DENSE))._spec)
    assert "\\x1f" not in repr(Train(train_spec(None, DENSE))._spec)
