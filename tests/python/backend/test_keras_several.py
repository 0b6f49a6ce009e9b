"""Keras models with several inputs and outputs: what is trained and predicted is what Keras computes."""

from __future__ import annotations

import numpy as np
import pytest

from backend.graphs import shaped
from sparkflow.backend.feed import Fed
from sparkflow.backend.graph import GraphBackend
from sparkflow.backend.layout import Layout
from sparkflow.backend.predictor import GraphPredictor
from sparkflow.backend.runtime import tf
from sparkflow.keras_model import keras_params

import keras  # isort: skip  # after TensorFlow has been imported quietly
from keras import layers  # isort: skip
from sparkflow.backend.keras.convert import convert, predictor  # isort: skip

LOSSES = {"rating": "mse", "kind": "sparse_categorical_crossentropy"}


def two(as_dict=False):
    keras.utils.set_random_seed(5)
    user, item = keras.Input((1,), dtype="int32", name="user"), keras.Input((3,), name="item")
    joined = layers.concatenate([layers.Flatten()(layers.Embedding(9, 4)(user)), item])
    hidden = layers.Dense(6, activation="tanh")(joined)
    rating = layers.Dense(1, name="rating")(hidden)
    kind = layers.Dense(4, activation="softmax", name="kind")(hidden)
    if as_dict:
        return keras.Model({"user": user, "item": item}, {"rating": rating, "kind": kind})
    return keras.Model([user, item], [rating, kind])


def batch():
    random = np.random.default_rng(0)
    x = {
        "user": random.integers(0, 9, (12, 1)).astype("f4"),
        "item": random.normal(size=(12, 3)).astype("f4"),
    }
    y = {
        "rating": random.normal(size=(12, 1)).astype("f4"),
        "kind": random.integers(0, 4, (12, 1)).astype("f4"),
    }
    return x, y


def fed(tensors):
    return [Fed(name, "tfInputs", tensor) for name, tensor in tensors.items()]


CASES = {
    "list": ([LOSSES["rating"], LOSSES["kind"]], [0.3, 2.0]),
    "dict": (LOSSES, {"rating": 0.3, "kind": 2.0}),
    "no weights": (LOSSES, None),
    "one for all": ("mse", None),
}


# Keras orders the losses that a list gives for a dict of outputs by name.
@pytest.mark.parametrize(
    ("case", "as_dict"), [*((case, False) for case in CASES), ("dict", True), ("one for all", True)]
)
def test_a_step_is_that_of_keras(case, as_dict):
    loss, weights = CASES[case]
    model = two(as_dict)
    model.compile(loss=loss, loss_weights=weights, metrics={"kind": ["accuracy"], "rating": ["mae"]})
    x, y = batch()
    if case == "one for all":
        y["kind"] = np.eye(4, dtype="f4")[y["kind"][:, 0].astype(int)]
    converted = convert(model)
    assert set(converted.inputs) == {"user", "item"} and set(converted.labels) == {"rating", "kind"}
    layout = Layout.from_json(converted.values.layout)
    start = np.frombuffer(converted.values.weights, "<f4")
    options = {"tf_output": converted.tf_output, "evaluation": True}
    backend = GraphBackend(converted.graph, fed(converted.inputs), fed(converted.labels), **options)
    backend.start(start, converted.values.state)
    columns = shaped(backend, *(x[n] for n in converted.inputs), *(y[n] for n in converted.labels))
    found, parts = backend.step(start, *columns)

    given = x if as_dict else [x["user"], x["item"]]
    wanted = y if as_dict else [y["rating"], y["kind"]]
    with tf.GradientTape() as tape:
        total = model.compute_loss(x=given, y=wanted, y_pred=model(given, training=True))
    gradients = tape.gradient(total, [v.value for v in model.trainable_variables])
    assert found == pytest.approx(float(total), rel=1e-5)
    theirs = np.concatenate([tf.convert_to_tensor(g).numpy().reshape(-1) for g in gradients])
    np.testing.assert_allclose(np.concatenate(parts), theirs, rtol=1e-4, atol=1e-6)

    evaluated = backend.evaluate(start, *columns)
    expected = model.evaluate(given, wanted, batch_size=12, verbose=0, return_dict=True)
    assert evaluated.loss == pytest.approx(expected["loss"], rel=1e-5)
    assert set(evaluated.metrics) == {"kind_accuracy", "rating_mae"}
    for name, (part, count) in evaluated.metrics.items():
        assert part / count == pytest.approx(expected[name], rel=1e-5)

    predictions = model.predict(given, verbose=0)
    predictions = predictions if as_dict else dict(zip(["rating", "kind"], predictions, strict=True))
    for name, tensor in (("rating", "out/rating:0"), ("kind", "out/kind:0")):
        model_parts = (converted.graph, layout, start, converted.values.state)
        ours = GraphPredictor(*model_parts, fed(converted.inputs), tensor)
        np.testing.assert_allclose(
            ours(*(x[n] for n in converted.inputs)), predictions[name], rtol=1e-5, atol=1e-6
        )


def test_an_output_may_have_no_loss():
    converted = convert(two(), {"kind": LOSSES["kind"]})
    assert list(converted.labels) == ["kind"]
    with pytest.raises(ValueError, match="a loss for 'king', but the outputs are rating, kind"):
        convert(two(), {"king": "mse"})
    with pytest.raises(ValueError, match="3 losses for .* rating, kind: give one for each"):
        convert(two(), ["mse"] * 3)


def test_columns_are_given_in_order_or_by_name():
    def params(**given):
        return keras_params(two(), LOSSES, None, None, given)[0]

    by_name = params(inputCols={"item": "i", "user": "u"}, labelCols={"kind": "k", "rating": "r"})
    assert by_name["inputCols"] == ["u", "i"] and by_name["tfInputs"] == ["x/user:0", "x/item:0"]
    assert by_name["labelCols"] == ["r", "k"] and by_name["tfLabels"] == ["y/rating:0", "y/kind:0"]
    assert params(inputCols=["u", "i"])["tfInputs"] == ["x/user:0", "x/item:0"]
    with pytest.raises(
        ValueError, match=r"inputCols has 1 \(u\), expected one column for each of user, item"
    ):
        params(inputCols=["u"])
    with pytest.raises(ValueError, match="inputCols has columns for users, item, expected user, item"):
        params(inputCols={"users": "u", "item": "i"})
    with pytest.raises(ValueError, match="inputCol is 'features', but the model takes 2 columns"):
        params(inputCol="features")


def test_a_loss_that_takes_logits_tells_what_the_output_is():
    model = keras.Sequential([keras.Input((2,)), layers.Dense(1)])

    def found(loss, **given):
        return keras_params(model, loss, None, None, given)[0].get("fromLogits")

    loss = keras.losses.BinaryCrossentropy(from_logits=True)
    assert found(loss) is True
    assert found(loss, fromLogits=False) is None
    assert found("binary_crossentropy") is None and found("mse") is None
    model.compile(loss=loss)
    assert found(None) is True


def test_one_that_is_only_to_predict_tells_its_inputs():
    opened = predictor(two())
    assert [port.name for port in opened.inputs] == ["user", "item"]
    assert [port.tensor for port in opened.outputs] == ["out/rating:0", "out/kind:0"]
