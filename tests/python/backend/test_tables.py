"""Which variables are tables, and what a step by rows computes."""

from itertools import pairwise

import numpy as np
import pytest

from backend import graphs
from backend.graphs import as_json, truth
from sparkflow.backend.graph import GraphBackend
from sparkflow.backend.runtime import tf

IDS = np.random.default_rng(0).integers(0, 20, (6, 4)).astype(np.float32)
LABEL = np.random.default_rng(1).standard_normal((6, 3)).astype(np.float32)


def backend(build, **options):
    return GraphBackend(as_json(build), "x:0", "y:0", tables=True, **options)


def ids_and_label(width=4):
    x = tf.placeholder(tf.int32, [None, width], name="x")
    return x, tf.placeholder(tf.float32, [None, 3], name="y")


def loss(y, *parts):
    tf.losses.mean_squared_error(y, tf.add_n([tf.reduce_sum(part, 1) for part in parts]))


def variable(name="table", shape=(20, 3), **options):
    return tf.get_variable(name, shape, **options)


def ref_gather():
    x, y = ids_and_label()
    table = tf.Variable(tf.random_normal([20, 3]), use_resource=False, name="table")
    loss(y, tf.gather(table, x))


def gather_of_a_read():
    x, y = ids_and_label()
    loss(y, tf.gather(variable().read_value(), x, axis=0))


def three_dimensions():
    x, y = ids_and_label()
    rows = tf.nn.embedding_lookup(variable(shape=(20, 2, 3)), x)
    loss(y, tf.reduce_sum(rows, 2))


def one_dimension():
    x, y = ids_and_label()
    loss(y, tf.gather(variable(shape=(20,)), x)[:, :, None] * tf.ones([3]))


def several_gathers_and_tables():
    x, y = ids_and_label()
    first, second = variable("first"), variable("second", (30, 3))
    dense = variable("dense", (3, 3))
    parts = tf.gather(first, x), tf.gather(first, (x[:, :2] + 7) % 20), tf.gather(second, x + 10)
    loss(y, *(tf.tensordot(part, dense, 1) for part in parts))


def partitioned():
    x, y = ids_and_label()
    parts = [variable("part0", (10, 3)), variable("part1", (10, 3))]
    loss(y, tf.nn.embedding_lookup(parts, x, partition_strategy="mod"))


def from_the_label():
    x = tf.placeholder(tf.float32, [None, 4], name="x")
    y = tf.placeholder(tf.int32, [None], name="y")
    rows = tf.gather(variable(shape=(20, 4)), y)
    tf.losses.mean_squared_error(x, rows)


TABLES = {
    "resource": (lambda: graphs.embedding(True), ["table"]),
    "ref": (ref_gather, ["table"]),
    "read": (gather_of_a_read, ["table"]),
    "three dimensions": (three_dimensions, ["table"]),
    "one dimension": (one_dimension, ["table"]),
    "several": (several_gathers_and_tables, ["first", "second"]),
    "partitioned": (partitioned, ["part0", "part1"]),
}


@pytest.mark.parametrize("name", TABLES)
def test_a_step_by_rows_is_the_step_of_the_whole(name):
    build, tables = TABLES[name]
    trained = backend(build)
    assert list(trained.tables) == tables
    weights, state = trained.initial()
    views = dict(
        zip((v.name for v in trained.layout.weights), trained.layout.weight_views(weights), strict=True)
    )
    features = trained.feeds[0].rows(IDS)
    expected, gradient = truth(as_json(build), weights, {"x:0": features, "y:0": LABEL})
    parts = dict(zip(views, trained.layout.weight_views(gradient), strict=True))

    rows = trained.rows(features, LABEL)
    assert rows.numbers.dtype == np.int32
    assert (np.diff(rows.numbers) > 0).all()
    starts = np.cumsum([0, *(len(views[table]) for table in tables)])
    picked = [rows.numbers[(rows.numbers >= a) & (rows.numbers < b)] - a for a, b in pairwise(starts)]
    values = np.concatenate([views[t][p].reshape(-1) for t, p in zip(tables, picked, strict=True)])
    assert rows.values == values.size
    others = [view.reshape(-1) for name, view in views.items() if name not in tables]
    dense = np.concatenate([np.empty(0, np.float32), *others])
    trained.start(dense, state)
    found, ours = trained.row_step(dense, values, rows, features, LABEL)
    assert found == pytest.approx(expected, rel=1e-6)
    theirs = [p.reshape(-1) for n, p in parts.items() if n not in tables]
    theirs += [parts[t][p].reshape(-1) for t, p in zip(tables, picked, strict=True)]
    np.testing.assert_allclose(np.concatenate(ours), np.concatenate(theirs), rtol=1e-5, atol=1e-7)
    # Rows that the batch does not read have no gradient.
    for table, pick in zip(tables, picked, strict=True):
        assert not np.delete(parts[table], pick, 0).any()


def test_rows_may_be_picked_by_the_label():
    trained = GraphBackend(as_json(from_the_label), "x:0", "y:0", tables=True)
    assert trained.tables == ("table",)
    rows = trained.rows(np.zeros((3, 4), np.float32), np.array([7, 2, 7], np.int32))
    assert rows.numbers.tolist() == [2, 7]
    assert rows.positions[0].tolist() == [1, 0, 1]


def regularized():
    x, y = ids_and_label()
    table = variable(regularizer=lambda w: 0.1 * tf.reduce_sum(w * w))
    loss(y, tf.gather(table, x))


def tied():
    x, y = ids_and_label()
    table = variable()
    loss(y, tf.gather(table, x) @ (tf.transpose(table) @ table))


def read_by_an_update():
    x, y = ids_and_label()
    table = variable()
    norm = tf.get_variable("norm", [], trainable=False)
    tf.add_to_collection(tf.GraphKeys.UPDATE_OPS, norm.assign(tf.reduce_sum(table)))
    loss(y, tf.gather(table, x))


def rows_of_a_variable():
    x, y = ids_and_label()
    turn = tf.get_variable("turn", [], tf.int32, initializer=tf.zeros_initializer(), trainable=False)
    loss(y, tf.gather(variable(), (x + turn) % 20))


def random_rows():
    x, y = ids_and_label()
    loss(y, tf.gather(variable(), tf.random.uniform(tf.shape(x), 0, 20, tf.int32)))


def other_axis():
    x, y = ids_and_label()
    table = variable(shape=(3, 20))
    loss(y, tf.transpose(tf.gather(table, x, axis=1), [1, 2, 0]))


def within_a_branch():
    x, y = ids_and_label()
    table = variable()
    rows = tf.cond(tf.shape(x)[0] > 3, lambda: tf.gather(table, x), lambda: 2.0 * tf.gather(table, x))
    loss(y, rows)


def after_another_op():
    x, y = ids_and_label()
    table = variable()
    with tf.control_dependencies([tf.assert_less(x, 20)]):
        loss(y, tf.gather(table, x))


def no_gradient():
    x, y = ids_and_label()
    bias = variable("bias", (3,))
    loss(y, tf.stop_gradient(tf.gather(variable(), x)) + bias)


def half():
    x, y = ids_and_label()
    loss(y, tf.cast(tf.gather(variable(dtype=tf.float16), x), tf.float32))


DENSE = [
    read_by_an_update, rows_of_a_variable, random_rows, other_axis, within_a_branch, after_another_op,
    no_gradient, half, tied, graphs.dense,
]  # fmt: skip


@pytest.mark.parametrize("build", DENSE, ids=lambda build: build.__name__)
def test_what_is_not_read_by_fed_rows_alone_stays_whole(build):
    assert backend(build).tables == ()


def test_a_regularized_table_is_one_while_its_loss_is_left_out():
    assert backend(regularized).tables == ("table",)
    assert backend(regularized, regularization_losses=True).tables == ()


def test_a_graph_that_mixes_a_table_with_one_read_otherwise_keeps_the_first():
    def build():
        x, y = ids_and_label()
        whole = variable("whole")
        loss(y, tf.gather(variable("rows"), x), tf.gather(whole, x) * tf.reduce_sum(whole))

    assert backend(build).tables == ("rows",)


def test_tables_are_not_looked_for_unasked():
    assert GraphBackend(as_json(ref_gather), "x:0", "y:0").tables == ()


@pytest.mark.parametrize("bad", [20, -1])
def test_a_row_that_is_none_is_named(bad):
    trained = backend(ref_gather)
    features = IDS.copy()
    features[3, 2] = bad
    with pytest.raises(ValueError, match=f"row {bad} of 'table', which has rows 0 to 19"):
        trained.rows(trained.feeds[0].rows(features), LABEL)


def test_a_gradient_that_shares_memory_with_what_was_fed_is_a_copy():
    def build():
        x = tf.placeholder(tf.float32, [None, 4], name="x")
        row = tf.gather(variable(shape=(5, 4)), tf.cast(x[:, 0], tf.int32))
        tf.add_to_collection(tf.GraphKeys.LOSSES, tf.reduce_sum(row * row) / 2)

    trained = GraphBackend(as_json(build), "x:0", tables=True)
    _, state = trained.initial()
    trained.start(np.empty(0, np.float32), state)
    features = np.array([[3, 0, 0, 0]], np.float32)
    values = np.arange(4, dtype=np.float32)
    _, gradient = trained.row_step(np.empty(0, np.float32), values, trained.rows(features), features)
    assert not any(np.may_share_memory(part, values) for part in gradient)
    np.testing.assert_array_equal(np.concatenate(gradient), values)
