"""The lowered step against tf.gradients on the user's own graph."""

from functools import partial

import numpy as np
import pytest
from tensorflow.python.framework.ops import Graph

from backend import graphs
from backend.graphs import as_json, inputs, rows, truth
from sparkflow.backend.graph import GraphBackend
from sparkflow.backend.runtime import tf

CASES = {
    "dense": graphs.dense,
    "ref_variables": graphs.ref_variables,
    "embedding": partial(graphs.embedding, True),
    "embedding_ref": partial(graphs.embedding, False),
    "cond": partial(graphs.cond, True),
    "cond_ref": partial(graphs.cond, False),
    "while": partial(graphs.while_loop, True),
    "while_ref": partial(graphs.while_loop, False),
    "batch_norm": graphs.batch_norm,
    "mixed_dtypes": graphs.mixed_dtypes,
    "two_losses": graphs.two_losses,
    "vector_loss": graphs.vector_loss,
}


def started(build, weights=None, **options):
    text = build if isinstance(build, str) else as_json(build)
    backend = GraphBackend(text, "x:0", "y:0", **options)
    initial, state = backend.initial()
    backend.start(initial if weights is None else weights, state)
    return backend, initial


def check(text, regularization=False, whole=False):
    """Different weights one after the other: a read that does not wait for the loader sees the old ones."""
    backend, weights = started(text, regularization_losses=regularization)
    try:
        values = np.abs(rows(6, backend.feeds[0]._shape[1])) * 3
        features = backend.feeds[0].rows(np.floor(values) if whole else values)
        label = backend.feeds[1].rows(rows(6, 3, seed=1))
        for scale in (1.0, -0.5, 2.0):
            now = (weights * scale).astype(np.float32)
            loss, parts = backend.step(now, features, label)
            gradient = np.concatenate(parts)
            loss_truth, gradient_truth = truth(text, now, {"x:0": features, "y:0": label}, regularization)
            assert loss == pytest.approx(loss_truth, rel=1e-5)
            assert gradient.dtype == np.float32
            assert gradient.shape == weights.shape
            assert np.abs(gradient_truth).max() > 0
            np.testing.assert_allclose(gradient, gradient_truth, rtol=1e-5, atol=1e-6)
    finally:
        backend.close()


@pytest.mark.parametrize("case", CASES)
def test_loss_and_gradient_are_those_of_tensorflow(case):
    check(as_json(CASES[case]), whole=case.startswith("embedding"))


@pytest.mark.parametrize("case", ["cond", "cond_ref", "while", "while_ref"])
def test_they_are_with_the_control_flow_of_tensorflow_1_too(case):
    tf.disable_control_flow_v2()
    try:
        text = as_json(CASES[case])
    finally:
        tf.enable_control_flow_v2()
    assert '"Switch"' in text
    check(text)


def test_a_loop_can_be_lowered_again_with_another_seed_in_one_process():
    """A Python worker lives on between tasks."""

    def build():
        x, y = inputs(3, 3)
        w = tf.get_variable("w", [3, 3])
        _, out = tf.while_loop(
            lambda i, h: i < 2, lambda i, h: (i + 1, tf.nn.dropout(h @ w, rate=0.5)), [0, x]
        )
        tf.losses.mean_squared_error(y, out)

    text = as_json(build)
    batch = rows(6, 3), rows(6, 3)
    weights = np.ones(9, np.float32)
    one, two = (started(text, worker=worker)[0].step(weights, *batch)[0] for worker in (0, 1))
    assert one != two


def test_what_a_loop_hands_on_is_read_after_the_weights_are_there():
    """The gradient of a loop asks for a variable's shape; not to wait for it shows one time in many."""

    def build():
        x, y = inputs(3, 3)
        w = tf.get_variable("w", [3, 3])
        _, out = tf.while_loop(lambda i, h: i < 2, lambda i, h: (i + 1, h @ w), [0, x])
        tf.losses.mean_squared_error(y, out)

    graph = GraphBackend(as_json(build), "x:0", "y:0")._lowered.graph
    load = graph.get_operation_by_name("sparkflow/load")
    shapes = [op for op in graph.get_operations() if op.type == "VariableShape"]
    assert shapes and all(load in op.control_inputs for op in shapes)


def test_regularization_losses_are_added_only_if_asked():
    text = as_json(graphs.regularized)
    check(text, regularization=True)
    check(text, regularization=False)
    with_it, without = (started(text, regularization_losses=asked)[0] for asked in (True, False))
    weights = np.ones(12, np.float32)
    batch = rows(5, 4), rows(5, 3)
    difference = with_it.step(weights, *batch)[0] - without.step(weights, *batch)[0]
    assert difference == pytest.approx(0.1 * 12, rel=1e-5)


def test_the_graph_never_grows():
    backend, weights = started(graphs.batch_norm)
    graph: Graph = backend._session.graph
    before = len(graph.get_operations())
    for _ in range(3):
        backend.step(weights, rows(5, 4), rows(5, 3))
        backend.restore(backend.state())
    assert graph.finalized
    assert len(graph.get_operations()) == before


def test_update_ops_move_the_state_and_it_can_be_set():
    backend, weights = started(graphs.batch_norm)
    assert [(v.name, v.dtype) for v in backend.layout.state] == [
        ("bn/moving_mean", "float32"),
        ("bn/moving_variance", "float32"),
        ("seen", "int64"),
    ]
    first = backend.state()
    mean, variance, seen = backend.layout.state_views(first)
    np.testing.assert_array_equal(mean, np.zeros(5))
    np.testing.assert_array_equal(variance, np.ones(5))
    features = rows(6, 4)
    backend.step(weights, features, rows(6, 3))
    mean, _, seen = backend.layout.state_views(backend.state())
    kernel = backend.layout.weight_views(weights)[0]
    np.testing.assert_allclose(mean, 0.01 * (features @ kernel).mean(0), rtol=1e-4, atol=1e-7)
    assert seen == 6
    backend.step(weights, features[:4], rows(4, 3))
    assert backend.layout.state_views(backend.state())[2] == 10
    backend.restore(first)
    assert backend.state() == first


def test_the_gradient_is_its_own_memory():
    def square():
        x, _ = inputs()
        w = tf.get_variable("w", [32])
        tf.losses.add_loss(0.5 * tf.reduce_sum(w * w) + 0.0 * tf.reduce_sum(x))

    from sparkflow.ps.buffers import aligned

    weights = aligned((32,))
    weights[:] = rows(1, 32)[0]
    backend = GraphBackend(as_json(square), "x:0")
    backend.start(weights, b"")
    gradient = np.concatenate(backend.step(weights, rows(2, 4))[1])
    np.testing.assert_allclose(gradient, weights, rtol=1e-6)
    before = gradient.copy()
    weights[:] = 0
    np.testing.assert_array_equal(gradient, before)


def test_large_variables_are_parts_of_their_own_and_small_neighbours_are_joined():
    def build():
        x, y = inputs(4, 3)
        h = graphs.core.dense(x, 5000, name="large")  # a kernel of 20,000 values, a bias of 5,000
        tf.losses.mean_squared_error(y, graphs.core.dense(h, 3, name="small"))

    backend, weights = started(build)
    _, parts = backend.step(weights, rows(2, 4), rows(2, 3))
    assert [part.shape for part in parts] == [(20000,), (5000 + 15000 + 3,)]


def test_local_variables_and_tables_are_ready():
    def build():
        x, y = inputs(1, 3)
        table = tf.lookup.StaticHashTable(
            tf.lookup.KeyValueTensorInitializer([1, 2], [10.0, 20.0], tf.int64, tf.float32), -1.0
        )
        scale = tf.Variable(2.0, trainable=False, collections=[tf.GraphKeys.LOCAL_VARIABLES])
        flag = tf.Variable(True, trainable=False, name="flag")
        w = tf.get_variable("w", [1, 3])
        found = table.lookup(tf.cast(x, tf.int64)) * scale * tf.cast(flag, tf.float32)
        tf.losses.mean_squared_error(y, tf.matmul(found, w))

    backend, weights = started(build)
    assert backend.layout.state == ()
    y = np.zeros((2, 3), np.float32)
    loss, _ = backend.step(np.ones_like(weights), np.array([[1.0], [2.0]], np.float32), y)
    assert loss == pytest.approx((20.0**2 + 40.0**2) / 2)


def test_dropout_differs_by_worker_and_round_and_repeats_for_the_same():
    text = as_json(graphs.dropout)
    batch = rows(6, 4), rows(6, 3)

    def losses(**options):
        backend, _ = started(text, **options)
        weights = np.full(backend.layout.weight_count, 0.1, np.float32)
        return [backend.step(weights, *batch)[0] for _ in range(3)]

    base = losses(seed=1)
    assert len(set(base)) == 3
    assert losses(seed=1) == base
    for other in ({"seed": 2}, {"seed": 1, "worker": 1}, {"seed": 1, "round": 1}):
        assert losses(**other) != base


def test_what_a_segment_draws_does_not_depend_on_what_was_drawn_before_it():
    text = as_json(graphs.dropout)
    batch = rows(6, 4), rows(6, 3)

    def losses(*segments):
        backend, _ = started(text, seed=1)
        weights = np.full(backend.layout.weight_count, 0.1, np.float32)
        every = []
        for segment in segments:
            assert backend.reseed(segment)
            backend.start(weights, b"")
            every.append([backend.step(weights, *batch)[0] for _ in range(3)])
        return every

    first, second = losses(0, 1)
    assert first != second
    assert losses(1) == [second]
    assert losses(2, 0)[1] == first


def test_a_seed_the_user_chose_begins_anew_with_a_segment():
    def build():
        x, y = inputs(4, 3)
        w = tf.get_variable("w", [4, 3])
        tf.losses.mean_squared_error(y, tf.nn.dropout(tf.matmul(x, w), rate=0.5, seed=7))

    backend, _ = started(as_json(build))
    weights = np.ones(12, np.float32)

    def losses():
        return [backend.step(weights, rows(6, 4), rows(6, 3))[0] for _ in range(3)]

    first = losses()
    assert backend.reseed(1)
    backend.start(weights, b"")
    assert losses() == first


def test_a_graph_that_draws_nothing_goes_on_as_it_is():
    backend, weights = started(as_json(graphs.dense))
    before = backend.step(weights, rows(6, 4), rows(6, 3))[0]
    assert not backend.reseed(1)
    assert backend.step(weights, rows(6, 4), rows(6, 3))[0] == before


def test_a_seed_the_user_chose_is_kept_in_dropout():
    def build():
        x, y = inputs()
        w = tf.get_variable("w", [4, 3])
        tf.losses.mean_squared_error(y, tf.nn.dropout(tf.matmul(x, w), rate=0.5, seed=7))

    text = as_json(build)
    batch = rows(6, 4), rows(6, 3)
    weights = np.ones(12, np.float32)
    one, two = (started(text, seed=seed)[0].step(weights, *batch)[0] for seed in (1, 2))
    assert one == two


class TestInitialWeights:
    def test_same_seed_same_start_even_when_the_graph_is_built_again(self):
        one, two = (GraphBackend(as_json(graphs.initializers), "x:0", "y:0", seed=5) for _ in range(2))
        assert one._text != two._text  # Keras drew other constants
        np.testing.assert_array_equal(one.initial()[0], two.initial()[0])
        np.testing.assert_array_equal(one.initial()[0], one.initial()[0])

    def test_another_seed_another_start(self):
        text = as_json(graphs.initializers)
        one, two = (GraphBackend(text, "x:0", "y:0", seed=seed) for seed in (5, 6))
        for variable, a, b in zip(
            one.layout.weights,
            one.layout.weight_views(one.initial()[0]),
            two.layout.weight_views(two.initial()[0]),
            strict=True,
        ):
            assert np.array_equal(a, b) == variable.name.endswith("bias")

    def test_worker_and_round_do_not_matter(self):
        text = as_json(graphs.initializers)
        one, two = (GraphBackend(text, "x:0", "y:0", seed=5, round=k, worker=k) for k in (0, 3))
        np.testing.assert_array_equal(one.initial()[0], two.initial()[0])

    def test_a_seed_the_user_chose_for_a_stateful_op_is_kept(self):
        text = as_json(partial(graphs.initializers, 11))
        one, two = (GraphBackend(text, "x:0", "y:0", seed=seed) for seed in (5, 6))
        np.testing.assert_array_equal(one.initial()[0][-9:], two.initial()[0][-9:])

    def test_alike_variables_start_differently(self):
        def build():
            x, y = inputs()
            hidden = graphs.core.dense(x, 4, name="a")
            tf.losses.mean_squared_error(y, graphs.core.dense(hidden, 4, name="b")[:, :3])

        backend = GraphBackend(as_json(build), "x:0", "y:0", seed=5)
        views = backend.layout.weight_views(backend.initial()[0])
        assert not np.array_equal(views[0], views[2])

    def test_the_initializers_distribution_is_kept(self):
        def build():
            x, y = inputs()
            w = tf.get_variable("w", [4, 3], initializer=tf.constant_initializer(2.5))
            tf.losses.mean_squared_error(y, tf.matmul(x, w))

        initial, _ = GraphBackend(as_json(build), "x:0", "y:0", seed=5).initial()
        np.testing.assert_array_equal(initial, np.full(12, 2.5, np.float32))
