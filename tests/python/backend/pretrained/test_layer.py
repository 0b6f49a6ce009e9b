"""Models that something else has trained as layers, trained further."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow.compat.v1 as tf1

from backend.keras_models import Lowered
from backend.pretrained.models import classifier, recurrent, rows, save_module
from sparkflow.backend.keras.restore import to_keras
from sparkflow.loaders import load_keras, load_layer

import keras  # isort: skip  # after TensorFlow has been imported quietly
import tensorflow as tf  # isort: skip
from keras import layers  # isort: skip


@pytest.fixture
def path(tmp_path):
    classifier().export(str(tmp_path / "model"), verbose=False)
    return str(tmp_path / "model")


def with_head(layer):
    keras.utils.set_random_seed(3)
    model = keras.Sequential([keras.Input((4,)), layer, layers.Dense(1)])
    model.compile(loss="mse")
    return model


def test_computes_what_the_model_does(path):
    wanted = classifier().predict(rows(), verbose=0)
    layer = load_layer(path)
    np.testing.assert_allclose(layer(rows()), wanted, atol=1e-6)
    np.testing.assert_allclose(layer(keras.ops.convert_to_tensor(rows())), wanted, atol=1e-6)


def test_its_gradients_are_those_of_keras(path):
    original, model = classifier(), with_head(load_layer(path))
    x, y = rows(), np.ones((5, 1), np.float32)
    with tf.GradientTape() as tape:
        wanted_loss = tf.reduce_mean((model.layers[-1](original(x, training=False)) - y) ** 2)
    variables = [variable.value for variable in original.trainable_variables]
    wanted = dict(
        zip(map(short, original.trainable_variables), tape.gradient(wanted_loss, variables), strict=True)
    )
    lowered = Lowered(model)
    loss, gradient = lowered.step(x, y)
    assert loss == pytest.approx(float(wanted_loss), rel=1e-5)
    views = zip(lowered.layout.weights, lowered.layout.weight_views(gradient), strict=True)
    ours = {variable.name: value for variable, value in views}
    for name, value in wanted.items():
        (found,) = [ours[other] for other in ours if name in other]
        np.testing.assert_allclose(found, value, rtol=1e-4, atol=1e-6)
        assert np.abs(found).max() > 1e-4
    assert len(ours) == len(wanted) + 2


def short(variable):
    return "_".join(variable.path.split("/")[-2:])


def test_averages_are_state_and_stay(path):
    lowered = Lowered(with_head(load_layer(path)))
    assert len(lowered.layout.state) == 2 and all("moving" in v.name for v in lowered.layout.state)
    lowered.step(rows(), np.ones((5, 1), np.float32))
    assert lowered.backend.state() == lowered.values.state


def test_may_be_frozen(path):
    model = with_head(load_layer(path, trainable=False))
    lowered = Lowered(model)
    assert len(lowered.layout.weights) == 2 and len(lowered.layout.state) == 8
    lowered.step(rows(), np.ones((5, 1), np.float32))
    assert lowered.backend.state() == lowered.values.state
    np.testing.assert_allclose(lowered.predict(rows()), model.predict(rows(), verbose=0), atol=1e-6)


def test_comes_back_with_the_model(path, tmp_path):
    model = with_head(load_layer(path, name="body"))
    lowered = Lowered(model)
    back = to_keras(lowered.converted.graph, lowered.named())
    np.testing.assert_allclose(back.predict(rows(), verbose=0), lowered.predict(rows()), atol=1e-6)
    back.save(tmp_path / "model.keras")
    again = load_keras(str(tmp_path / "model.keras"))
    np.testing.assert_allclose(again.predict(rows(), verbose=0), lowered.predict(rows()), atol=1e-6)


def test_variables_in_a_loop_are_refused(tmp_path):
    recurrent().export(str(tmp_path / "model"), verbose=False)
    with pytest.raises(ValueError, match=r"goes into the While.*as a \.keras file instead"):
        load_layer(str(tmp_path / "model"))


def test_an_embedding(tmp_path):
    class Lookup(tf.Module):
        def __init__(self):
            super().__init__()
            self.rows = tf.Variable(np.arange(6.0, dtype=np.float32).reshape(3, 2))

        @tf.function(input_signature=[tf.TensorSpec([None, 2], tf.int32)])
        def __call__(self, ids):
            return tf.nn.embedding_lookup(self.rows, ids)

    module = Lookup()
    tf.saved_model.save(module, str(tmp_path / "rows"), signatures=module.__call__)
    layer = load_layer(str(tmp_path / "rows"))
    x = np.array([[0, 2], [2, 1]], np.int32)
    np.testing.assert_array_equal(layer(x), module.rows.numpy()[x])
    model = keras.Sequential([keras.Input((2,), dtype="int32"), layer, layers.Flatten()])
    model.compile(loss="mse")
    lowered = Lowered(model)
    _, gradient = lowered.step(x, np.zeros((2, 4)))
    (of_rows,) = lowered.layout.weight_views(gradient)
    np.testing.assert_allclose(of_rows, 2 / 8 * np.array([[0, 1], [2, 3], [2 * 4, 2 * 5]]), rtol=1e-5)


def test_of_a_frozen_graph_has_nothing_to_train(tmp_path):
    with tf1.Graph().as_default() as graph:
        tf1.nn.relu(tf1.placeholder(tf1.float32, [None, 4], name="x") @ np.ones((4, 2), np.float32), name="y")
        tf1.io.write_graph(graph, str(tmp_path), "graph.pb", as_text=False)
    layer = load_layer(str(tmp_path / "graph.pb"))
    assert layer.weights == []
    np.testing.assert_allclose(layer(rows()), np.maximum(rows() @ np.ones((4, 2)), 0), rtol=1e-6)
    assert len(Lowered(with_head(layer)).layout.weights) == 2


def test_a_lookup_table_is_refused(tmp_path):
    with pytest.raises(ValueError, match="needs the lookup table.*an input that comes after it"):
        load_layer(save_module(tmp_path / "module"), signature="look_up")


def test_what_it_takes_must_be_clear(tmp_path):
    path = save_module(tmp_path / "module")
    with pytest.raises(ValueError, match="2 outputs.*give tfOutput="):
        load_layer(path, signature="scale")
    x = rows(width=2)
    layer = load_layer(path, signature="scale", tfOutput="y:0")
    np.testing.assert_allclose(layer(x), x @ [[2.0], [3.0]] + 1, rtol=1e-6)


def test_no_file(tmp_path):
    with pytest.raises(FileNotFoundError, match="no file .*missing"):
        load_keras(str(tmp_path / "missing.keras"))
