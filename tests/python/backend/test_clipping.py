"""Gradients that are clipped in the graph, as TensorFlow and Keras clip them."""

import numpy as np
import pytest

from backend import graphs
from backend.graphs import as_json, rows, truth
from sparkflow.backend.clipping import Clip
from sparkflow.backend.graph import GraphBackend
from sparkflow.backend.runtime import tf

BATCH = rows(6, 4), np.eye(3, dtype=np.float32)[[0, 1, 2, 0, 1, 2]]
CLIPS = [Clip(norm=0.05), Clip(variable_norm=0.02), Clip(value=0.01)]


def large():
    """Variables that are a part of the gradient each, between small ones that are joined."""
    x, y = graphs.inputs()
    first = tf.matmul(x, tf.get_variable("first", [4, 5])) + tf.get_variable("bias", [5])
    wide = tf.matmul(first, tf.get_variable("wide", [5, 4000]))
    out = tf.matmul(wide, tf.get_variable("narrow", [4000, 3])) + tf.get_variable("last", [3])
    tf.losses.mean_squared_error(y, out)


def table():
    """Rows 1 and 3 are read, 1 of them three times."""
    x = tf.placeholder(tf.int32, [None, 2], name="x")
    y = tf.placeholder(tf.float32, [None, 3], name="y")
    read = tf.nn.embedding_lookup(tf.get_variable("table", [50, 3]), x)
    tf.losses.mean_squared_error(y, tf.reduce_sum(read, 1) @ tf.get_variable("kernel", [3, 3]))


def clipped(clip, pieces):
    """What TensorFlow makes of the gradients of whole variables."""
    with tf.Graph().as_default(), tf.Session() as session:
        if clip.norm:
            done = tf.clip_by_global_norm(pieces, clip.norm)[0]
        elif clip.variable_norm:
            done = [tf.clip_by_norm(piece, clip.variable_norm) for piece in pieces]
        else:
            done = [tf.clip_by_value(piece, -clip.value, clip.value) for piece in pieces]
        return np.concatenate([piece.reshape(-1) for piece in session.run(done)])


@pytest.mark.parametrize("clip", [*CLIPS, Clip(norm=1e6)])
@pytest.mark.parametrize("build", [graphs.dense, large])
def test_a_gradient_is_clipped_as_tensorflow_clips_the_variables(build, clip):
    text = as_json(build)
    backend = GraphBackend(text, "x:0", "y:0", clip=clip)
    start, state = backend.initial()
    backend.start(start, state)
    loss, parts = backend.step(start, *BATCH)
    plain, flat = truth(text, start, {"x:0": BATCH[0], "y:0": BATCH[1]})
    assert loss == pytest.approx(plain, rel=1e-5)
    expected = clipped(clip, backend.layout.weight_views(flat))
    assert np.array_equal(expected, flat) == (clip.norm == 1e6)
    np.testing.assert_allclose(np.concatenate(parts), expected, rtol=1e-5, atol=1e-8)


@pytest.mark.parametrize("clip", CLIPS)
def test_rows_of_a_table_count_as_the_whole_table_would(clip):
    text = as_json(table)
    ids, label = np.array([[1, 1], [3, 1]], np.int32), rows(2, 3)
    by_rows = GraphBackend(text, "x:0", "y:0", clip=clip, tables=True)
    start, state = by_rows.initial()
    by_rows.start(start[150:], state)
    read = by_rows.rows(ids, label)
    values = np.ascontiguousarray(start[:150].reshape(50, 3)[read.numbers]).reshape(-1)
    _, (kernel, gradient) = by_rows.row_step(start[150:], values, read, ids, label)
    _, flat = truth(text, start, {"x:0": ids, "y:0": label})
    expected = clipped(clip, [flat[:150].reshape(50, 3), flat[150:]])
    np.testing.assert_allclose(kernel, expected[150:], rtol=1e-5, atol=1e-8)
    seen = expected[:150].reshape(50, 3)[read.numbers].reshape(-1)
    np.testing.assert_allclose(gradient, seen, rtol=1e-5, atol=1e-8)


@pytest.mark.parametrize("clip", CLIPS)
def test_the_mean_of_accumulated_gradients_is_what_is_clipped(clip):
    text = as_json(graphs.dense)
    backend = GraphBackend(text, "x:0", "y:0", clip=clip, accumulates=True)
    start, state = backend.initial()
    backend.start(start, state)
    _, parts = backend.step(start, *BATCH)
    _, flat = truth(text, start, {"x:0": BATCH[0], "y:0": BATCH[1]})
    np.testing.assert_allclose(np.concatenate(parts), flat, rtol=1e-5, atol=1e-8)
    expected = clipped(clip, backend.layout.weight_views(3 * flat))
    given = [3 * part for part in parts]
    np.testing.assert_allclose(np.concatenate(backend.clip(given)), expected, rtol=1e-5, atol=1e-8)


def test_the_session_s_own_optimizer_is_given_the_clipped_gradient():
    descent = ("gradient_descent", {"learning_rate": 1.0})
    backend = GraphBackend(as_json(graphs.dense), "x:0", "y:0", optimizer=descent, clip=Clip(norm=0.05))
    start, state = backend.initial()
    backend.start(start, state)
    backend.local_step(*BATCH)
    assert np.linalg.norm(backend.get() - start) == pytest.approx(0.05, rel=1e-4)


def test_without_a_clip_the_graph_is_what_it_was():
    text = as_json(graphs.dense)
    plain, off = (GraphBackend(text, "x:0", "y:0", clip=clip)._lowered for clip in (None, Clip()))
    names = [[op.name for op in each.graph.get_operations()] for each in (plain, off)]
    assert names[0] == names[1]
    assert off.clipped == ()
