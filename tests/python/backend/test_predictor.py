import numpy as np
import pytest

from backend.graphs import as_json, inputs, normalization, rows
from sparkflow.backend.graph import GraphBackend
from sparkflow.backend.layout import Layout, Variable
from sparkflow.backend.predictor import GraphPredictor
from sparkflow.backend.runtime import tf


def build(use_resource=True):
    x, y = inputs()
    keep = tf.placeholder(tf.float32, name="keep")
    training = tf.placeholder_with_default(False, [], name="training")
    w = tf.get_variable("w", [4, 3], use_resource=use_resource)
    out = tf.matmul(x, w, name="vector")
    tf.reduce_sum(out, 1, name="scalar")
    tf.reduce_sum(out, 1, keepdims=True, name="column")
    tf.argmax(out, 1, name="class")
    tf.reshape(out, [-1, 3, 1], name="cube")
    tf.reduce_mean(out, name="mean")
    tf.multiply(out, keep, name="kept")
    tf.identity(tf.cond(training, lambda: out, lambda: out + 1.0), name="branch")
    tf.identity(normalization.batch_normalization(out, training=training, name="bn"), name="normal")
    tf.losses.mean_squared_error(y, out)


def predictor(output, text=None, state=None, **options):
    text = text or as_json(build)
    backend = GraphBackend(text, "x:0", "y:0", seed=3)
    weights, initial = backend.initial()
    made = GraphPredictor(text, backend.layout, weights, state or initial, "x:0", output, **options)
    return made, backend.layout.weight_views(weights)[0]


@pytest.mark.parametrize("use_resource", [True, False])
@pytest.mark.parametrize(
    ("output", "expected"),
    [
        ("vector:0", lambda out: out),
        ("scalar:0", lambda out: out.sum(1, keepdims=True)),
        ("column:0", lambda out: out.sum(1, keepdims=True)),
        ("class:0", lambda out: out.argmax(1)[:, None]),
        ("cube:0", lambda out: out),
        ("branch:0", lambda out: out + 1),
    ],
)
def test_outputs_of_any_shape_are_float64_rows(output, expected, use_resource):
    text = as_json(lambda: build(use_resource))
    predict, w = predictor(output, text)
    features = rows(7, 4)
    result = predict(features)
    assert result.dtype == np.float64
    np.testing.assert_allclose(result, expected(features @ w), rtol=1e-5, atol=1e-6)


def test_many_rows_go_through_in_pieces_and_none_is_lost():
    predict, w = predictor("vector:0")
    features = rows(2500, 4)
    np.testing.assert_allclose(predict(features), features @ w, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_the_dropout_placeholder_is_fed(value):
    predict, w = predictor("kept:0", tf_dropout="keep:0", dropout=value)
    features = rows(5, 4)
    np.testing.assert_allclose(predict(features), features @ w * value, rtol=1e-5, atol=1e-6)


def test_without_its_name_the_dropout_placeholder_is_named_in_the_error():
    with pytest.raises(ValueError, match="'keep:0'"):
        predictor("kept:0")


def test_state_is_restored():
    mean, variance = np.full(3, 0.5, np.float32), np.full(3, 4.0, np.float32)
    predict, w = predictor("normal:0", state=mean.tobytes() + variance.tobytes())
    features = rows(5, 4)
    expected = (features @ w - mean) / np.sqrt(variance + 1e-3)
    np.testing.assert_allclose(predict(features), expected, rtol=1e-4, atol=1e-5)


def test_an_output_that_is_not_one_a_row():
    predict, _ = predictor("mean:0")
    with pytest.raises(ValueError, match=r"'mean:0' gave an array of shape \(\) for 5 rows"):
        predict(rows(5, 4))


def test_weights_of_another_graph():
    with pytest.raises(ValueError, match=r"'w' \[4, 3\] where the weights have 'w' \[4, 4\]"):
        GraphPredictor(
            as_json(build),
            Layout((Variable("w", (4, 4)),), ()),
            np.zeros(16, np.float32),
            b"",
            "x:0",
            "vector:0",
        )


def test_an_unknown_output_names_close_ones():
    with pytest.raises(ValueError, match=r"tfOutput 'vektor:0' is no tensor.*'vector:0'"):
        predictor("vektor:0")
    with pytest.raises(ValueError, match=r"tfOutputs 'vektor:0' is no tensor.*'vector:0'"):
        predictor(["vector:0", "vektor:0"])
