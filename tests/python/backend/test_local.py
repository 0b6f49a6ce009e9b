"""The session's own optimizers take the options that the driver sends, and do what TensorFlow's do."""

import json
from pathlib import Path

import numpy as np
import pytest

from backend import graphs
from backend.graphs import as_json, rows
from backend.test_lowering import CASES
from sparkflow.backend.graph import GraphBackend
from sparkflow.backend.local import _CLASSES
from sparkflow.backend.runtime import tf

INDEX = json.loads((Path(__file__).parents[2] / "fixtures" / "optimizers" / "index.json").read_text("utf-8"))
UNSENT = {"name", "use_locking", "global_step", "use_own_namescope_for_non_slot_vars"}
BATCH = rows(6, 4), np.eye(3, dtype=np.float32)[[0, 1, 2, 0, 1, 2]]


def options(name):
    """What the driver sends: all of the constructor's, with their defaults."""
    made = {k: v for k, v in INDEX["constructors"][name].items() if k not in UNSENT}
    return made | {"learning_rate": 0.1} | ({"momentum": 0.9} if name == "momentum" else {})


@pytest.mark.parametrize("name", _CLASSES)
def test_steps_equal_those_of_tensorflow_on_the_variables_themselves(name):
    text = as_json(graphs.dense)
    backend = GraphBackend(text, "x:0", "y:0", optimizer=(name, options(name)))
    start, state = backend.initial()
    backend.start(start, state)
    losses = [backend.local_step(*BATCH) for _ in range(4)]
    ours = backend.get().copy()

    graph = tf.Graph()
    with graph.as_default():
        graphs.dense()
        optimizer = getattr(tf.train, _CLASSES[name])(**options(name))
        loss = graph.get_collection(tf.GraphKeys.LOSSES)[0]
        step, variables = optimizer.minimize(loss), tf.trainable_variables()
        with tf.Session(graph=graph) as session:
            session.run(tf.global_variables_initializer())
            for variable, value in zip(variables, backend.layout.weight_views(start), strict=True):
                variable.load(value, session)
            feed = {"x:0": BATCH[0], "y:0": BATCH[1]}
            theirs = [session.run([loss, step], feed)[0] for _ in range(4)]
            flat = np.concatenate([value.reshape(-1) for value in session.run(variables)])
    np.testing.assert_allclose(losses, theirs, rtol=1e-5)
    np.testing.assert_allclose(ours, flat, rtol=1e-5, atol=1e-7)


def test_weights_that_are_put_are_a_copy_and_the_optimizer_remembers():
    backend = GraphBackend(as_json(graphs.dense), "x:0", "y:0", optimizer=("momentum", options("momentum")))
    start, state = backend.initial()
    backend.start(start, state)
    backend.local_step(*BATCH)
    first = backend.get() - start
    given = start.copy()
    backend.put(given)
    backend.local_step(*BATCH)
    np.testing.assert_array_equal(given, start)
    # The same gradient again, on top of 0.9 of the last step.
    np.testing.assert_allclose(backend.get() - start, 1.9 * first, rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize("case", CASES)
def test_a_step_is_taken_at_the_weights_that_were_put_last(case):
    """For every kind of variable and graph: a read that came too early would see those before."""
    text = as_json(CASES[case])
    rate = 0.5
    backend = GraphBackend(text, "x:0", "y:0", optimizer=("gradient_descent", {"learning_rate": rate}))
    plain = GraphBackend(text, "x:0", "y:0")
    start, state = backend.initial()
    backend.start(start, state)
    plain.start(start, state)
    values = np.abs(rows(6, backend.feeds[0]._shape[1])) * 3
    batch = backend.feeds[0].rows(np.floor(values)), backend.feeds[1].rows(rows(6, 3, seed=1))
    for scale in (1.0, -0.5, 2.0):
        now = (start * scale).astype(np.float32)
        backend.put(now)
        np.testing.assert_array_equal(backend.get(), now)
        loss, gradient = plain.step(now, *batch)
        assert backend.local_step(*batch) == pytest.approx(loss, rel=1e-5)
        moved = now - np.float32(rate) * np.concatenate(gradient)
        np.testing.assert_allclose(backend.get(), moved, rtol=1e-5, atol=1e-6)
        backend.local_step(*batch)  # in place, if it can: what was put is not touched
        np.testing.assert_array_equal(now, (start * scale).astype(np.float32))


def test_a_graph_that_brings_an_optimizer_of_its_own():
    def build():
        graphs.dense()
        tf.train.AdamOptimizer().minimize(tf.get_collection(tf.GraphKeys.LOSSES)[0])

    backend = GraphBackend(as_json(build), "x:0", "y:0", optimizer=("adam", options("adam")))
    start, state = backend.initial()
    backend.start(start, state)
    backend.local_step(*BATCH)
    assert np.abs(backend.get() - start).max() == pytest.approx(0.1, rel=1e-3)


def test_without_an_optimizer_there_are_no_weights_in_the_session():
    backend = GraphBackend(as_json(graphs.dense), "x:0", "y:0")
    with pytest.raises(ValueError, match="without an optimizer"):
        backend.get()
