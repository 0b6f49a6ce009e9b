"""What a row's label says of its class, and how much the row counts by it."""

import numpy as np
import pytest

from backend.graphs import as_json, inputs, rows
from ps.fake_server import FakeServer
from sparkflow.backend.layout import Layout
from sparkflow.backend.runtime import tf
from sparkflow.worker.classes import by_class, check_two_classes
from worker.packing import batch, packed
from worker.training import train

import keras  # isort: skip  # after TensorFlow has been imported quietly
from keras import layers  # isort: skip
from sparkflow.backend.keras.convert import convert  # isort: skip

NUMBERS = np.array([0, 1, 2, 0, 1, 2, 1, 0, 3, 3], np.float32).reshape(-1, 1)
WEIGHTS = {0: 1.0, 1: 5.0, 2: 0.25}


@pytest.mark.parametrize("label", [NUMBERS, np.eye(4, dtype=np.float32)[NUMBERS[:, 0].astype(int)]])
def test_a_label_is_a_number_or_one_hot(label):
    expected = [1, 5, 0.25, 1, 5, 0.25, 5, 1, 1, 1]  # a class that has none has 1
    found = by_class(label, WEIGHTS)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, np.array(expected, np.float32).reshape(-1, 1))


@pytest.mark.parametrize("bad", [0.5, -1.0, np.nan, np.inf])
def test_what_is_no_class_is_refused(bad):
    with pytest.raises(ValueError, match=f"the label column has the value {bad}, which is no class"):
        by_class(np.array([[1], [bad]], np.float32), WEIGHTS)


def test_a_class_that_no_vector_has_is_refused():
    with pytest.raises(ValueError, match="classWeights has the class 2, but .* vectors of 2 values"):
        by_class(np.eye(2, dtype=np.float32), WEIGHTS)


def test_labels_of_two_classes():
    check_two_classes(np.array([[0], [1], [0.3], [np.nan]], np.float32))  # NaN is told by the loss
    for bad in (2.0, -1.0):
        with pytest.raises(ValueError, match=f"label column has the value {bad}, but .* classes, 0 and 1"):
            check_two_classes(np.array([[1], [bad]], np.float32))


def weighted():
    x, y = inputs()
    w = tf.placeholder(tf.float32, [None, 1], name="w")
    tf.losses.mean_squared_error(y, tf.matmul(x, tf.get_variable("kernel", [4, 3])), weights=w)


def with_weights(x, y, weights, held_out=None):
    made = batch(x, y).append_column("weight", packed(weights))
    if held_out is not None:
        made = made.append_column("validation", np.asarray(held_out))
    return [made]


FEATURES, LABELS = rows(10, 4), np.eye(3, dtype=np.float32)[[0, 1, 2, 0, 1, 2, 1, 0, 0, 1]]
OWN = np.arange(10, dtype=np.float32).reshape(-1, 1)
FED = {"graph": as_json(weighted), "tfSampleWeight": "w:0"}
BY_CLASS = {"classWeights": {"0": 1, "1": 5, "2": 0.25}}


def test_they_multiply_the_rows_own():
    product = OWN * by_class(LABELS, WEIGHTS)
    with FakeServer() as plain, FakeServer() as both:
        train(plain, with_weights(FEATURES, LABELS, product), **FED)
        train(both, with_weights(FEATURES, LABELS, OWN), **FED, **BY_CLASS)
    np.testing.assert_array_equal(both.weights, plain.weights)


def test_they_need_no_column():
    with FakeServer() as plain, FakeServer() as alone:
        train(plain, with_weights(FEATURES, LABELS, by_class(LABELS, WEIGHTS)), **FED)
        train(alone, [batch(FEATURES, LABELS)], **FED, **BY_CLASS, weightColumn=False)
    np.testing.assert_array_equal(alone.weights, plain.weights)


def test_rows_that_are_held_out_go_without():
    last = np.arange(10) >= 6
    weights = np.where(last.reshape(-1, 1), OWN, OWN * by_class(LABELS, WEIGHTS))
    with FakeServer() as plain, FakeServer() as both:
        train(plain, with_weights(FEATURES, LABELS, weights, last), **FED, validation=True)
        train(both, with_weights(FEATURES, LABELS, OWN, last), **FED, **BY_CLASS, validation=True)
    assert [v.loss for v in both.validations] == [v.loss for v in plain.validations]
    np.testing.assert_array_equal(both.weights, plain.weights)


@pytest.mark.parametrize("loss", ["categorical_crossentropy", "sparse_categorical_crossentropy"])
def test_a_keras_model_is_fitted_as_by_keras(loss):
    keras.utils.set_random_seed(1)
    model = keras.Sequential(
        [keras.Input((4,)), layers.Dense(5, activation="tanh"), layers.Dense(3, activation="softmax")]
    )
    model.compile(optimizer=keras.optimizers.SGD(0.5), loss=loss)
    y = LABELS if loss.startswith("cat") else LABELS.argmax(1).astype(np.float32).reshape(-1, 1)
    graph = convert(model, weighted=True)
    start = np.frombuffer(graph.values.weights, "<f4")
    fed = {"tfSampleWeight": "sample_weight:0", "weightColumn": False, "shufflePerIter": False}
    with FakeServer(Layout.from_json(graph.values.layout), start.copy(), learning_rate=0.5) as server:
        train(server, [batch(FEATURES, y)], graph.graph, **fed, **BY_CLASS)
    model.fit(FEATURES, y, batch_size=8, epochs=4, shuffle=False, verbose=0, class_weight=WEIGHTS)
    theirs = np.concatenate([variable.numpy().reshape(-1) for variable in model.trainable_variables])
    np.testing.assert_allclose(server.weights, theirs, rtol=1e-5, atol=1e-6)
