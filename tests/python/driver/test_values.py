import json

import numpy as np
import pytest
import tensorflow.compat.v1 as tf

from sparkflow.backend.layout import Layout
from sparkflow.backend.values import from_arrays, from_checkpoint
from sparkflow.graph_utils import build_graph


def net():
    x = tf.placeholder(tf.float32, [None, 2], name="x")
    y = tf.placeholder(tf.float32, [None, 1], name="y")
    tf.get_variable("count", [], tf.int64, initializer=tf.constant_initializer(7), trainable=False)
    hidden = tf.layers.batch_normalization(x, training=True, name="bn")
    return tf.losses.mean_squared_error(y, tf.layers.dense(hidden, 1, name="out"))


NAMES = ["bn/gamma", "bn/beta", "out/kernel", "out/bias"]
ARRAYS = [np.array([1.0, 2.0]), np.array([3.0, 4.0]), np.array([[5.0], [6.0]]), np.array([7.0])]


def unpacked(values):
    layout = Layout.from_json(values.layout)
    weights = layout.weight_views(np.frombuffer(values.weights, "<f4"))
    state = layout.state_views(values.state)
    return (
        {v.name: w.tolist() for v, w in zip(layout.weights, weights, strict=True)},
        {v.name: s.tolist() for v, s in zip(layout.state, state, strict=True)},
    )


EXPECTED = {name: array.tolist() for name, array in zip(NAMES, ARRAYS, strict=True)}
STATE = {"count": 7, "bn/moving_mean": [0.0, 0.0], "bn/moving_variance": [1.0, 1.0]}


@pytest.mark.parametrize(
    "arrays",
    [ARRAYS, tuple(a.tolist() for a in ARRAYS), dict(reversed(list(zip(NAMES, ARRAYS, strict=True))))],
    ids=["list", "tuple of lists", "dict in another order"],
)
def test_arrays_become_the_weights_and_initializers_the_state(arrays):
    graph = build_graph(net)
    values = from_arrays(graph, arrays)
    assert unpacked(values) == (EXPECTED, STATE)
    assert values.graph == graph


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        (ARRAYS[:3], "has 3 arrays, but the graph has 4 trainable variables: bn/gamma, bn/beta"),
        ([*ARRAYS[:2], np.ones((1, 2)), ARRAYS[3]], r"shape \[1, 2\] for variable 'out/kernel'.*\[2, 1\]"),
        ({"bn/gama": 1.0, **EXPECTED}, r"missing: \[\], unknown: \['bn/gama'\]"),
        ({"bn/gamma": [1.0, 2.0]}, r"missing: \['bn/beta', 'out/bias', 'out/kernel'\]"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(arrays, message):
    with pytest.raises(ValueError, match=message):
        from_arrays(build_graph(net), arrays)


@pytest.fixture
def checkpoint(tmp_path):
    """Saved twice, as a training would: first with zeros, then with ARRAYS."""
    from sparkflow.backend.layers import working_layers

    with tf.Graph().as_default(), working_layers():
        net()
        saver = tf.train.Saver()
        with tf.Session() as session:
            session.run(tf.global_variables_initializer())
            for variable in tf.trainable_variables():
                session.run(variable.assign(tf.zeros_like(variable)))
            first = saver.save(session, str(tmp_path / "model"), global_step=1)
            for variable, value in zip(tf.trainable_variables(), ARRAYS, strict=True):
                session.run(variable.assign(value))
            second = saver.save(session, str(tmp_path / "model"), global_step=2)
    return first, second


def test_a_checkpoint_is_read_by_its_own_path(checkpoint):
    first, second = checkpoint
    assert unpacked(from_checkpoint(second)) == (EXPECTED, STATE)
    weights, _ = unpacked(from_checkpoint(first))
    assert set(np.concatenate([np.ravel(w) for w in weights.values()])) == {0.0}


def test_a_meta_file_without_values_of_its_name_takes_the_latest(checkpoint, tmp_path):
    first, _ = checkpoint
    (tmp_path / "model.meta").write_bytes((tmp_path / f"{first}.meta").read_bytes())
    assert unpacked(from_checkpoint(str(tmp_path / "model"))) == (EXPECTED, STATE)


def test_the_graph_of_a_checkpoint_has_what_prediction_needs(checkpoint):
    nodes = {n["name"]: n for n in json.loads(from_checkpoint(checkpoint[1]).graph)["graphDef"]["node"]}
    assert {"x", "out/BiasAdd"} <= set(nodes)
    assert "_output_shapes" in nodes["out/BiasAdd"]["attr"]


def test_missing_files_are_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"nothing\.meta"):
        from_checkpoint(str(tmp_path / "nothing"))
    (tmp_path / "lonely.meta").write_bytes(b"")
    with pytest.raises(FileNotFoundError, match=r"neither .*lonely\.index nor another checkpoint"):
        from_checkpoint(str(tmp_path / "lonely"))
