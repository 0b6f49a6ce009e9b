"""Keras models as graphs, against what Keras itself computes."""

from __future__ import annotations

import json
from base64 import b64encode

import numpy as np
import pytest

from backend.keras_models import MODELS, Lowered, batch, flat, made, truth
from sparkflow.backend.graph import GraphBackend
from sparkflow.backend.keras.convert import convert

import keras  # isort: skip  # after TensorFlow has been imported quietly
import tensorflow as tf  # isort: skip
from keras import layers  # isort: skip


@pytest.mark.parametrize("name", MODELS)
def test_loss_gradient_state_and_prediction_are_those_of_keras(name):
    # bfloat16 has 8 bits, and on CPUs that compute with it a graph rounds elsewhere than single ops do.
    near = {"rtol": 2**-6, "atol": 2**-8} if name == "bfloat16" else {"rtol": 1e-5, "atol": 1e-6}
    model = made(name)
    x, y = batch(model, name)
    lowered = Lowered(model)
    wanted = model.predict(x, verbose=0)
    np.testing.assert_allclose(lowered.predict(x), flat(wanted), **near)
    loss, gradient = lowered.step(x, y)
    loss_truth, gradient_truth = truth(model, x, y)
    assert loss == pytest.approx(loss_truth, rel=near["rtol"])
    assert np.abs(gradient_truth).max() > 1e-3
    np.testing.assert_allclose(gradient, gradient_truth, **near)
    # Keras has moved the model's state by now.
    state = lowered.backend.state()
    np.testing.assert_allclose(lowered.predict(x, state), flat(model.predict(x, verbose=0)), **near)


def test_batch_norm_averages_are_state_and_move():
    model = made("conv")
    x, y = batch(model, "conv")
    lowered = Lowered(model)
    assert [variable.name.split("/")[-1] for variable in lowered.layout.state] == [
        "moving_mean",
        "moving_variance",
    ]
    lowered.step(x, y)
    truth(model, x, y)
    mean, variance = lowered.layout.state_views(lowered.backend.state())
    before = lowered.layout.state_views(lowered.values.state)
    assert np.abs(mean - before[0]).max() > 1e-3
    np.testing.assert_allclose(mean, model.layers[1].moving_mean.numpy(), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(variance, model.layers[1].moving_variance.numpy(), rtol=1e-5, atol=1e-6)


def test_frozen_layers_are_state_and_stay():
    model = made("frozen")
    lowered = Lowered(model)
    assert len(lowered.layout.weights) == 2
    assert len(lowered.layout.state) == 2 + 4
    lowered.step(*batch(model, "frozen"))
    assert lowered.backend.state() == lowered.values.state


def test_the_start_is_what_the_model_has_learnt_and_the_model_is_left_alone():
    model = made("conv")
    before = [value.copy() for value in model.get_weights()]
    lowered = Lowered(model)
    np.testing.assert_array_equal(
        lowered.weights, np.concatenate([v.numpy().reshape(-1) for v in model.trainable_variables])
    )
    for value, old in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(value, old)


def test_tables_of_embeddings_are_found():
    lowered = GraphBackend(convert(made("embedding")).graph, "x:0", "y:0", tables=True)
    (table,) = lowered.tables
    assert table.endswith("/embeddings")


class TestDropout:
    x, y = np.ones((4, 50), np.float32), np.zeros((4, 1), np.float32)

    def losses(self, **options):
        model = keras.Sequential([keras.Input((50,)), layers.Dropout(0.5, seed=3), layers.Dense(1)])
        model.layers[1].set_weights([np.arange(50.0)[:, None], np.ones(1)])
        lowered = Lowered(model, "mse", **options)
        return [lowered.step(self.x, self.y)[0] for _ in range(3)]

    def test_differs_by_step(self):
        assert len(set(self.losses(seed=1))) == 3

    def test_repeats_for_the_same_seed_and_worker(self):
        assert self.losses(seed=1) == self.losses(seed=1)

    @pytest.mark.parametrize("other", [{"seed": 2}, {"seed": 1, "worker": 1}, {"seed": 1, "round": 1}])
    def test_differs_by_seed_worker_and_round(self, other):
        assert self.losses(**other) != self.losses(seed=1)

    def test_differs_by_segment_and_not_by_what_was_drawn_before(self):
        def losses(*segments):
            model = keras.Sequential([keras.Input((50,)), layers.Dropout(0.5, seed=3), layers.Dense(1)])
            model.layers[1].set_weights([np.arange(50.0)[:, None], np.ones(1)])
            lowered = Lowered(model, "mse", seed=1)
            for segment in segments:
                assert lowered.backend.reseed(segment)
                lowered.backend.start(lowered.weights, b"")
                last = [lowered.step(self.x, self.y)[0] for _ in range(3)]
            return last

        assert losses(1) == losses(0, 1) != losses(0)

    def test_is_no_state(self):
        model = keras.Sequential([keras.Input((3,)), layers.Dropout(0.5), layers.Dense(1)])
        assert Lowered(model, "mse").layout.state == ()


def test_gradients_written_in_python_travel_in_the_graph():
    """A worker has not run the Python that defines them."""
    model = made("subclassed")
    x, y = batch(model, "subclassed")
    graph = convert(model).graph
    elsewhere = renamed(graph)
    assert elsewhere != graph
    lowered = Lowered(model)
    backend = GraphBackend(elsewhere, "x:0", "y:0")
    backend.start(lowered.weights, b"")
    _, parts = backend.step(lowered.weights, x, y)
    np.testing.assert_allclose(np.concatenate(parts), truth(model, x, y)[1], rtol=1e-5, atol=1e-6)


def renamed(graph):
    meta = json.loads(graph)
    for node in meta["graphDef"]["node"]:
        if "_gradient_op_type" in node.get("attr", {}):
            node["attr"]["_gradient_op_type"]["s"] = b64encode(b"NobodyKnowsThis").decode()
    return json.dumps(meta)


class TestStart:
    def test_a_graph_may_have_the_values_in_it(self):
        model = made("conv")
        backend = GraphBackend(convert(model, embed=True).graph, "x:0", "y:0", seed=4)
        weights, state = backend.initial()
        values = convert(model).values
        assert weights.tobytes() == values.weights
        assert state == values.state

    def test_a_graph_without_them_refuses_to_start(self):
        backend = GraphBackend(convert(made("conv")).graph, "x:0", "y:0")
        with pytest.raises(Exception, match="without its values.*initialWeights"):
            backend.initial()

    def test_too_much_for_a_graph(self, monkeypatch):
        monkeypatch.setattr("sparkflow.backend.stored._LARGEST", 100)
        with pytest.raises(ValueError, match="values take"):
            convert(made("conv"), embed=True)


def test_the_class_can_be_predicted():
    model = made("conv")
    x, _ = batch(model, "conv")
    wanted = model.predict(x, verbose=0).argmax(1)
    np.testing.assert_array_equal(Lowered(model).predict(x, tensor="class:0")[:, 0], wanted)


def test_text_is_trained_on():
    texts = np.array([["good day"], ["bad day"], ["good"], ["b\xe4d bad"]], object)
    y = np.array([[1], [0], [1], [0]], "f4")
    keras.utils.set_random_seed(1)
    vectorize = layers.TextVectorization(vocabulary=["good", "bad", "day"], output_sequence_length=3)
    hidden = [layers.Embedding(6, 4), layers.GlobalAveragePooling1D(), layers.Dense(1, activation="sigmoid")]
    model = keras.Sequential([keras.Input((1,), dtype="string"), vectorize, *hidden])
    model.compile(keras.optimizers.SGD(0.5), loss="binary_crossentropy")
    converted = convert(model)
    backend = GraphBackend(converted.graph, "x:0", "y:0")
    weights = np.frombuffer(converted.values.weights, "<f4").copy()
    backend.start(weights, converted.values.state)
    for _ in range(3):
        _, parts = backend.step(weights, backend.feeds[0].rows(texts), backend.feeds[1].rows(y))
        weights -= np.float32(0.5) * np.concatenate(parts)
    model.fit(tf.constant(texts), y, batch_size=4, epochs=3, verbose=0)
    theirs = np.concatenate([v.numpy().reshape(-1) for v in model.trainable_variables])
    np.testing.assert_allclose(weights, theirs, rtol=1e-5, atol=1e-6)
