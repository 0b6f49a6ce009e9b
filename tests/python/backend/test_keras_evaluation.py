"""What validation computes of a Keras model is what Keras' `evaluate` does."""

from __future__ import annotations

import pytest

from backend.keras_models import Lowered, batch, made
from sparkflow.backend.graph import GraphBackend
from sparkflow.backend.keras.convert import convert

import keras  # isort: skip  # after TensorFlow has been imported quietly
from keras import layers  # isort: skip


@pytest.mark.parametrize("name", ["conv", "embedding"])
def test_loss_and_metrics_are_those_of_evaluate(name):
    model = made(name)
    model.compile(loss=model.loss, metrics=["accuracy"])
    x, y = batch(model, name, 12)
    lowered = Lowered(model, evaluation=True)
    assert lowered.converted.metrics == ("accuracy",)
    found = lowered.backend.evaluate(lowered.weights, *lowered.shaped(x, y))
    expected = model.evaluate(x, y, batch_size=12, verbose=0, return_dict=True)
    assert found.loss == pytest.approx(expected["loss"], rel=1e-5)
    total, count = found.metrics["accuracy"]
    assert total / count == pytest.approx(expected["accuracy"])


def test_given_metrics_replace_those_of_compile_and_what_is_no_mean_is_left_out():
    model = keras.Sequential([keras.Input((4,)), layers.Dense(3, activation="softmax")])
    model.compile(loss="categorical_crossentropy", metrics=["mse"])
    assert convert(model).metrics == ("mse",)
    converted = convert(model, metrics=["mae", keras.metrics.AUC(name="auc")])
    assert (converted.metrics, converted.left_out) == (("mae",), ("auc",))


def test_tables_stay_tables():
    model = made("embedding")
    lowered = GraphBackend(convert(model).graph, "x:0", "y:0", tables=True, evaluation=True)
    assert len(lowered.tables) == 1
