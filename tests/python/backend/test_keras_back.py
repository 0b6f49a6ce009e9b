"""From a trained graph back to the Keras model."""

from __future__ import annotations

import numpy as np
import pytest

from backend.keras_models import MODELS, Lowered, batch, flat, functional, made
from sparkflow.backend.keras.restore import to_keras

import keras  # isort: skip  # after TensorFlow has been imported quietly
import tensorflow as tf  # isort: skip
from keras import layers  # isort: skip


class TestBack:
    @pytest.mark.parametrize("name", MODELS)
    def test_with_what_was_trained(self, name):
        model = made(name)
        x, y = batch(model, name)
        lowered = Lowered(model)
        lowered.step(x, y)
        state = lowered.backend.state()
        back = to_keras(lowered.converted.graph, lowered.named(state))
        assert back is not model
        np.testing.assert_allclose(flat(back.predict(x, verbose=0)), lowered.predict(x, state), atol=1e-6)
        like = MODELS[name][0]()
        assert to_keras(lowered.converted.graph, lowered.named(state), like) is like
        np.testing.assert_allclose(flat(like.predict(x, verbose=0)), lowered.predict(x, state), atol=1e-6)

    @pytest.mark.parametrize("mode", ["int", "tf_idf"])
    def test_with_the_vocabularies_that_were_adapted(self, mode):
        def text(like=None):
            length = 3 if mode == "int" else None
            vectorize = layers.TextVectorization(
                8, output_mode=mode, output_sequence_length=length, pad_to_max_tokens=mode == "tf_idf"
            )
            vectorize.adapt(like or ["a dög", "the cat", "the cat sat"])
            words = keras.Input((1,), dtype="string")
            found = vectorize(words)
            read = layers.Flatten()(layers.Embedding(8, 2)(found) if mode == "int" else found)
            return keras.Model(words, layers.Dense(2)(read))

        model = text()
        x = tf.constant([["the dög"], ["a cat sat"]])
        expected = model.predict(x, verbose=0)
        lowered = Lowered(model, "mse")
        back = to_keras(lowered.converted.graph, lowered.named())
        np.testing.assert_allclose(back.predict(x, verbose=0), expected, atol=1e-6)
        like = to_keras(lowered.converted.graph, lowered.named(), text(["dög", "sat sat"]))
        np.testing.assert_allclose(like.predict(x, verbose=0), expected, atol=1e-6)

    def test_a_model_that_cannot_tell_its_architecture(self):
        class Secret(keras.Model):
            def __init__(self, units):
                super().__init__()
                self.out = layers.Dense(units)

            def call(self, x):
                return self.out(x)

        model = Secret(2)
        model(np.zeros((1, 3)))
        lowered = Lowered(model, "mse")
        with pytest.raises(ValueError, match=r"to_keras\(like=my_model\)"):
            to_keras(lowered.converted.graph, lowered.named())
        like = Secret(2)
        with pytest.raises(ValueError, match="0 weights instead of 2"):
            to_keras(lowered.converted.graph, lowered.named(), like)
        like(np.zeros((1, 3)))
        to_keras(lowered.converted.graph, lowered.named(), like)
        np.testing.assert_array_equal(like.get_weights()[0], model.get_weights()[0])

    def test_another_architecture(self):
        lowered = Lowered(made("conv"))
        with pytest.raises(ValueError, match=r"shape \(4, 6\) where the trained model has \(3, 3, 1, 3\)"):
            to_keras(lowered.converted.graph, lowered.named(), functional())

    def test_a_graph_of_no_keras_model(self):
        with pytest.raises(ValueError, match="not trained from a Keras model"):
            to_keras('{"graphDef": {}}', {})
