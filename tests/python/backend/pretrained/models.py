"""Small models that something else has saved, and what SparkFlow makes of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from sparkflow.backend.export import Fitted
from sparkflow.backend.layout import Layout
from sparkflow.backend.predictor import GraphPredictor
from sparkflow.backend.pretrained.opened import Opened

import keras  # isort: skip  # after TensorFlow has been imported quietly
import tensorflow as tf  # isort: skip
from keras import layers  # isort: skip


def rows(count: int = 5, width: int = 4) -> np.ndarray:
    return np.random.default_rng(0).normal(size=(count, width)).astype(np.float32)


def classifier() -> keras.Model:
    """Of four numbers, with an activation whose gradient is Python's, and averages that are not trained."""
    keras.utils.set_random_seed(1)
    model = keras.Sequential(
        [
            keras.Input((4,), name="features"),
            layers.Dense(5, activation="silu"),
            layers.BatchNormalization(),
            layers.Dropout(0.5),
            layers.Dense(3, activation="softmax"),
        ]
    )
    random = np.random.default_rng(2)
    for variable in model.weights:
        variable.assign(variable + np.abs(random.normal(0, 0.3, variable.shape)))
    return model


def recurrent() -> keras.Model:
    keras.utils.set_random_seed(1)
    return keras.Sequential(
        [keras.Input((4,), dtype="int32"), layers.Embedding(20, 3), layers.LSTM(4), layers.Dense(2)]
    )


class Module(tf.Module):
    """Two signatures, a variable that is not trained, and a lookup table."""

    def __init__(self) -> None:
        super().__init__()
        self.w = tf.Variable([[2.0], [3.0]], name="w")
        self.offset = tf.Variable(1.0, trainable=False, name="offset")
        start = tf.lookup.KeyValueTensorInitializer(tf.constant([5, 7], tf.int64), tf.constant([0.5, 0.25]))
        self.table = tf.lookup.StaticHashTable(start, -1.0)

    @tf.function(input_signature=[tf.TensorSpec([None, 2], tf.float32, name="x")])
    def scale(self, x):
        return {"y": x @ self.w + self.offset, "size": tf.norm(x, axis=1)}

    @tf.function(input_signature=[tf.TensorSpec([None], tf.int64, name="ids")])
    def look_up(self, ids):
        return {"rank": self.table.lookup(ids)}


def save_module(path: Path) -> str:
    module = Module()
    tf.saved_model.save(module, str(path), signatures={"scale": module.scale, "look_up": module.look_up})
    return str(path)


def fitted(opened: Opened, tf_output: str | None = None) -> Fitted:
    layout = Layout.from_json(opened.values.layout)
    weights = np.frombuffer(opened.values.weights, "<f4")
    output = tf_output or opened.outputs[0].tensor
    return Fitted(opened.values.graph, layout, weights, opened.values.state, opened.inputs[0].tensor, output)


def predict(model: Opened | Fitted, x: np.ndarray, tf_output: str | None = None) -> np.ndarray:
    if isinstance(model, Opened):
        model = fitted(model, tf_output)
    predictor = GraphPredictor(
        model.graph,
        model.layout,
        model.weights,
        model.state,
        model.tf_input,
        model.tf_output,
        model.tf_dropout,
        model.dropout,
    )
    return predictor(x.reshape(len(x), -1).astype(np.float32))
