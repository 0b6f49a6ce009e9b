"""Keras models of all kinds, lowered, and what Keras itself computes with them."""

from __future__ import annotations

import re

import numpy as np

from sparkflow.backend.graph import GraphBackend
from sparkflow.backend.keras.convert import convert
from sparkflow.backend.layout import Layout
from sparkflow.backend.predictor import GraphPredictor

import keras  # isort: skip  # after TensorFlow has been imported quietly
import tensorflow as tf  # isort: skip
from keras import layers  # isort: skip


@keras.saving.register_keras_serializable("sparkflow_tests")
class Subclassed(keras.Model):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.hidden = layers.Dense(5, activation="silu")  # its gradient is Python's
        self.out = layers.Dense(2)

    def call(self, x):
        self.add_loss(0.1 * keras.ops.mean(keras.ops.square(x)))
        return self.out(self.hidden(x))


def conv():
    return keras.Sequential(
        [
            keras.Input((6, 6, 1)),
            layers.Conv2D(3, 3, activation="relu"),
            layers.BatchNormalization(momentum=0.8),
            layers.Flatten(),
            layers.Dropout(0.0),
            layers.Dense(3, activation="softmax"),
        ]
    )


def functional():
    x = keras.Input((4,), name="features")
    hidden = layers.Dense(6, activation="gelu", kernel_regularizer="l2", activity_regularizer="l1")(x)
    return keras.Model({"features": x}, layers.Dense(1, activation="sigmoid")(layers.add([hidden, hidden])))


def subclassed():
    model = Subclassed()
    model(np.zeros((1, 4)))
    return model


def embedding(dtype="int32"):
    return keras.Sequential(
        [
            keras.Input((4,), dtype=dtype),
            layers.Embedding(20, 3, mask_zero=True),
            layers.LSTM(4),
            layers.Dense(3),
        ]
    )


def lookup():
    x = keras.Input((4,), dtype="int32")
    known = layers.IntegerLookup(vocabulary=[3, 5, 7, 11, 13])(x)
    return keras.Model(x, layers.Dense(3)(layers.Flatten()(layers.Embedding(6, 2)(known))))


def normalized():
    normalization = layers.Normalization()
    normalization.adapt(np.random.default_rng(3).normal(2, 3, (50, 4)))
    return keras.Sequential([keras.Input((4,)), layers.Rescaling(0.5), normalization, layers.Dense(3)])


def frozen():
    model = keras.Sequential(
        [keras.Input((4,)), layers.Dense(5), layers.BatchNormalization(), layers.Dense(2)]
    )
    model.layers[0].trainable = model.layers[1].trainable = False
    return model


def bfloat16():
    return keras.Sequential(
        [keras.Input((4,)), layers.Dense(5, dtype="mixed_bfloat16"), layers.Dense(2, dtype="float32")]
    )


MODELS = {
    "conv": (conv, "sparse_categorical_crossentropy"),
    "functional": (functional, "binary_crossentropy"),
    "subclassed": (subclassed, keras.losses.Huber()),
    "embedding": (embedding, keras.losses.SparseCategoricalCrossentropy(from_logits=True)),
    "embedding_of_looked_up": (lookup, "mse"),
    "embedding_of_floats": (lambda: embedding("float32"), "mse"),
    "normalized": (normalized, keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=0.1)),
    "frozen": (frozen, lambda y, p: keras.ops.mean(keras.ops.abs(y - p), -1)),
    "bfloat16": (bfloat16, "mean_squared_logarithmic_error"),
}


def made(name):
    """A compiled model whose weights are not what its initializers made."""
    build, loss = MODELS[name]
    keras.utils.set_random_seed(1)
    model = build()
    random = np.random.default_rng(2)
    for variable in model.weights:
        if variable.dtype == "float32" and not re.match(r"normalization(_\d+)?/", variable.path):
            variable.assign(variable + np.abs(random.normal(0, 0.1, variable.shape)))
    model.compile(loss=loss)
    return model


def batch(model, name, count=8):
    random = np.random.default_rng(0)
    whole = name.startswith("embedding")
    x = random.integers(0, 20, (count, 4)) if whole else random.normal(size=(count, *model_shape(model)))
    classes = model(x[:1]).shape[-1]
    if "sparse" in str(model.loss).lower() or "Sparse" in type(model.loss).__name__:
        y = random.integers(0, classes, (count, 1))
    elif "ategorical" in type(model.loss).__name__:
        y = np.eye(classes)[random.integers(0, classes, count)]
    else:
        y = random.integers(0, 2, (count, classes))
    return x.astype(np.int32 if whole else np.float32), y.astype(np.float32)


def model_shape(model):
    return model.inputs[0].shape[1:] if getattr(model, "inputs", None) else (4,)


def flat(array):
    return array.reshape(len(array), -1).astype(np.float32)


class Lowered:
    """A converted model in the session of a worker."""

    def __init__(self, model, loss=None, **options):
        self.converted = convert(model, loss)
        self.values = self.converted.values
        self.layout = Layout.from_json(self.values.layout)
        self.weights = np.frombuffer(self.values.weights, "<f4")
        self.backend = GraphBackend(
            self.converted.graph,
            self.converted.tf_input,
            self.converted.tf_label,
            tf_output=self.converted.tf_output,
            **options,
        )
        self.backend.start(self.weights, self.values.state)

    def step(self, x, y):
        loss, parts = self.backend.step(self.weights, *self.shaped(*([x] if y is None else [x, y])))
        return loss, np.concatenate(parts)

    def shaped(self, *columns):
        return [feed.rows(flat(c)) for feed, c in zip(self.backend.feeds, columns, strict=True)]

    def predict(self, x, state=None, tensor=None):
        return GraphPredictor(
            self.converted.graph,
            self.layout,
            self.weights,
            self.values.state if state is None else state,
            self.converted.tf_input,
            tensor or self.converted.tf_output,
        )(flat(x))

    def named(self, state=None):
        names = [variable.name for variable in (*self.layout.weights, *self.layout.state)]
        views = self.layout.weight_views(self.weights)
        views += self.layout.state_views(self.values.state if state is None else state)
        return dict(zip(names, views, strict=True))


def truth(model, x, y):
    """Loss and flat gradient as Keras' own train_step has them; moves the model's state as it does."""
    with tf.GradientTape() as tape:
        loss = model.compute_loss(x=x, y=y, y_pred=model(x, training=True))
    gradients = tape.gradient(loss, [variable.value for variable in model.trainable_variables])
    return float(loss), np.concatenate([tf.convert_to_tensor(g).numpy().reshape(-1) for g in gradients])
