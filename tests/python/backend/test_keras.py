"""Keras models as graphs, against what Keras itself computes."""

from __future__ import annotations

import json
import re
from base64 import b64encode

import numpy as np
import pytest

from sparkflow.backend.graph import GraphBackend
from sparkflow.backend.keras.convert import convert
from sparkflow.backend.keras.restore import to_keras
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
        label = None if y is None else self.backend.label(flat(y))
        loss, parts = self.backend.step(self.weights, self.backend.features(flat(x)), label)
        return loss, np.concatenate(parts)

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


@pytest.mark.parametrize("name", MODELS)
def test_loss_gradient_state_and_prediction_are_those_of_keras(name):
    model = made(name)
    x, y = batch(model, name)
    lowered = Lowered(model)
    wanted = model.predict(x, verbose=0)
    np.testing.assert_allclose(lowered.predict(x), flat(wanted), rtol=1e-5, atol=1e-6)
    loss, gradient = lowered.step(x, y)
    loss_truth, gradient_truth = truth(model, x, y)
    assert loss == pytest.approx(loss_truth, rel=1e-5)
    assert np.abs(gradient_truth).max() > 1e-3
    np.testing.assert_allclose(gradient, gradient_truth, rtol=1e-5, atol=1e-6)
    # Keras has moved the model's state by now.
    state = lowered.backend.state()
    np.testing.assert_allclose(
        lowered.predict(x, state), flat(model.predict(x, verbose=0)), rtol=1e-5, atol=1e-6
    )


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
        np.testing.assert_array_equal(lowered.backend.label(np.array([[2.0], [0.0]], "f4")), [2, 0])
        with pytest.raises(ValueError, match=r"0\.5.*round"):
            lowered.backend.label(np.array([[0.5]], "f4"))

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

    def test_unknown_name(self):
        with pytest.raises(ValueError, match="men_squared"):
            convert(self.model(), "men_squared")

    def test_crossentropy_alone_says_too_little(self):
        with pytest.raises(ValueError, match="sparse_categorical_crossentropy.*one-hot"):
            convert(self.model(), "crossentropy")
        assert convert(self.model(1), "crossentropy").tf_label == "y:0"


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


def test_integers_beyond_what_a_column_holds_are_refused():
    lowered = Lowered(made("embedding"))
    with pytest.raises(ValueError, match="not exact"):
        lowered.backend.features(np.full((1, 4), 2.0**24 + 2, "f4"))


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

    def test_several_inputs_and_outputs(self):
        a, b = keras.Input((2,), name="a"), keras.Input((2,), name="b")
        self.refused(keras.Model([a, b], layers.add([a, layers.Dense(2)(b)])), r"2 inputs \(a, b\)")
        outs = [layers.Dense(1, name="one")(a), layers.Dense(1, name="two")(a)]
        self.refused(keras.Model(a, outs), r"2 outputs \(one, two\)")

    def test_strings(self):
        x = keras.Input((1,), dtype="string")
        lookup = layers.StringLookup(vocabulary=["a"], name="words")
        self.refused(keras.Model(x, layers.Embedding(3, 2)(lookup(x))), "strings.*StringLookup layer 'words'")

    def test_a_lookup_table(self):
        x = keras.Input((1,), dtype="int32")
        lookup = layers.IntegerLookup(vocabulary=[5, 7])
        self.refused(keras.Model(x, layers.Embedding(3, 2)(lookup(x))), "lookup table")

    def test_a_variable_that_is_not_its_own(self):
        other = keras.Variable(np.ones(1), name="elsewhere")
        x = keras.Input((1,))
        self.refused(keras.Model(x, layers.Lambda(lambda v: v * other)(layers.Dense(1)(x))), "elsewhere")
