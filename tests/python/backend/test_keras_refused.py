"""Keras models that cannot be trained here, and what is said of them."""

from __future__ import annotations

import numpy as np
import pytest

from backend.keras_models import Subclassed
from sparkflow.backend.keras.convert import convert

import keras  # isort: skip  # after TensorFlow has been imported quietly
from keras import layers  # isort: skip


class TestRefused:
    def refused(self, model, match, error=ValueError):
        with pytest.raises(error, match=match):
            convert(model, "mse")

    def test_what_is_no_model(self):
        self.refused("model.keras", "keras.Model, got builtins.str", TypeError)

    def test_a_model_of_keras_2(self):
        import tf_keras

        self.refused(tf_keras.Sequential([tf_keras.layers.Dense(1, input_shape=(2,))]), "Keras 3", TypeError)

    def test_a_model_that_does_not_know_its_input(self):
        self.refused(keras.Sequential([layers.Dense(1)]), r"keras\.Input.*np\.zeros")
        self.refused(Subclassed(), "no weights yet")

    def test_nothing_to_train(self):
        model = keras.Sequential([keras.Input((2,)), layers.Dense(1)])
        model.trainable = False
        self.refused(model, "no trainable variable")

    def test_a_constraint(self):
        model = keras.Sequential([keras.Input((2,)), layers.Dense(1, kernel_constraint="non_neg")])
        self.refused(model, "dense.*kernel.*NonNeg")

    def test_a_train_step_of_its_own(self):
        class Own(keras.Sequential):
            def train_step(self, data):
                return {}

        self.refused(Own([keras.Input((2,)), layers.Dense(1)]), "train_step of its own")

    def test_a_variable_that_is_not_its_own(self):
        other = keras.Variable(np.ones(1), name="elsewhere")
        x = keras.Input((1,))
        self.refused(keras.Model(x, layers.Lambda(lambda v: v * other)(layers.Dense(1)(x))), "elsewhere")
