"""Which loss a Keras model is trained with, and its label."""

from __future__ import annotations

import numpy as np
import pytest

from backend.keras_models import Lowered, truth
from sparkflow.backend.keras.convert import convert

import keras  # isort: skip  # after TensorFlow has been imported quietly
from keras import layers  # isort: skip


class TestLoss:
    def model(self, units=3, **compiled):
        model = keras.Sequential([keras.Input((2,)), layers.Dense(units)])
        if compiled:
            model.compile(**compiled)
        return model

    def test_a_given_loss_wins_over_the_compiled_one(self):
        model = self.model(loss="mae")
        x, y = np.ones((2, 2)), np.ones((2, 3))
        difference = model.predict(x, verbose=0) - y
        assert Lowered(model, "mse").step(x, y)[0] == pytest.approx(np.mean(difference**2), rel=1e-5)
        assert Lowered(model).step(x, y)[0] == pytest.approx(np.mean(np.abs(difference)), rel=1e-5)

    @pytest.mark.parametrize("loss", ["mse", ["mse"], {"out": keras.losses.MeanSquaredError()}])
    def test_is_found_as_compile_takes_it(self, loss):
        x = keras.Input((2,))
        model = keras.Model(x, layers.Dense(3, name="out")(x))
        model.compile(loss=loss, loss_weights=[2.0])
        x, y = np.ones((2, 2)), np.ones((2, 3))
        wanted = 2 * np.mean((model.predict(x, verbose=0) - y) ** 2)
        assert Lowered(model).step(x, y)[0] == pytest.approx(wanted, rel=1e-5)

    def test_of_classes_takes_their_numbers(self):
        lowered = Lowered(self.model(), "sparse_categorical_crossentropy")
        np.testing.assert_array_equal(lowered.backend.feeds[1].rows(np.array([[2.0], [0.0]], "f4")), [2, 0])
        with pytest.raises(ValueError, match=r"0\.5.*round"):
            lowered.backend.feeds[1].rows(np.array([[0.5]], "f4"))

    def test_without_a_label(self):
        x = keras.Input((2,))
        out = layers.Dense(2, activity_regularizer="l2")(x)
        model = keras.Model(x, out)
        converted = convert(model)
        assert converted.tf_label is None
        x = np.ones((2, 2), np.float32)
        model.compile()
        wanted, gradient = truth(model, x, None)
        loss, got = Lowered(model).step(x, None)
        assert loss == pytest.approx(wanted, rel=1e-5)
        np.testing.assert_allclose(got, gradient, rtol=1e-5)

    def test_compute_loss_of_its_own(self):
        class Own(keras.Sequential):
            def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
                return keras.ops.sum(keras.ops.abs(y - y_pred)) + keras.ops.sum(x)

        model = Own([keras.Input((2,)), layers.Dense(3)])
        with pytest.raises(ValueError, match="compute_loss of its own"):
            convert(model, "mse")
        model.compile(loss="mse")
        x, y = np.ones((2, 2), np.float32), np.ones((2, 3), np.float32)
        assert Lowered(model).step(x, y)[0] == pytest.approx(truth(model, x, y)[0], rel=1e-5)

    def test_there_is_none(self):
        with pytest.raises(ValueError, match="no loss.*loss='mse'"):
            convert(self.model())
        with pytest.raises(ValueError, match="no loss.*loss='mse'"):
            convert(self.model(optimizer="adam"))

    def test_unknown_name(self):
        with pytest.raises(ValueError, match="men_squared"):
            convert(self.model(), "men_squared")

    def test_crossentropy_alone_says_too_little(self):
        with pytest.raises(ValueError, match="sparse_categorical_crossentropy.*one-hot"):
            convert(self.model(), "crossentropy")
        assert convert(self.model(1), "crossentropy").tf_label == "y:0"
