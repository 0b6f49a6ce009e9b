"""A graph that cannot be trained says what to change."""

import subprocess
import sys

import numpy as np
import pytest

from backend import graphs
from backend.graphs import as_json, inputs, rows
from sparkflow.backend.graph import GraphBackend
from sparkflow.backend.layout import Layout, StateVariable, Variable
from sparkflow.backend.runtime import tf


def refused(build, match, tf_input="x:0", tf_label="y:0"):
    text = build if isinstance(build, str) else as_json(build)
    with pytest.raises(ValueError, match=match):
        GraphBackend(text, tf_input, tf_label)


def test_no_loss():
    def build():
        x, _ = inputs()
        tf.matmul(x, tf.get_variable("w", [4, 3]))

    refused(build, "no loss.*tf.losses.add_loss")


def test_no_trainable_variable():
    def build():
        x, y = inputs()
        tf.losses.mean_squared_error(y, x[:, :3])

    refused(build, "no trainable variable")


def test_a_loss_that_depends_on_no_variable():
    def build():
        x, y = inputs()
        tf.get_variable("w", [4, 3])
        tf.losses.mean_squared_error(y, x[:, :3])

    refused(build, "depends on no trainable variable")


def test_unknown_tensors_name_close_ones():
    refused(graphs.dense, r"tfInput 'X:0' is no tensor of tensorflowGraph: did you mean 'x:0'\?", "X:0")
    refused(graphs.dense, r"tfLabel 'y' is no tensor.*did you mean 'y:0'\?", "x:0", "y")
    refused(graphs.dense, "its placeholders are x:0, y:0", "nothing-like-it-at-all:7")


def test_a_placeholder_without_value_is_named():
    def build():
        x, y = inputs()
        keep = tf.placeholder(tf.float32, name="keep")
        w = tf.get_variable("w", [4, 3])
        tf.losses.mean_squared_error(y, tf.matmul(x, w) * keep)

    refused(build, r"'keep:0'.*placeholder_with_default")
    refused(graphs.dense, "'y:0'", tf_label=None)


def test_what_is_no_graph():
    refused("{", "not a TensorFlow MetaGraphDef as JSON.*build_graph")
    refused('{"metaGraph": 1}', "not a TensorFlow MetaGraphDef")


def test_a_trainable_integer():
    def build():
        x, y = inputs()
        tf.get_variable("w", [4, 3])
        tf.Variable(np.int64(1), name="count")
        tf.losses.mean_squared_error(y, x[:, :3])

    refused(build, "'count' has dtype int64.*trainable=False")


class TestFeed:
    @staticmethod
    def feed(shape, dtype=tf.float32):
        def build():
            x = tf.placeholder(dtype, shape, name="x")
            w = tf.get_variable("w", [])
            tf.losses.add_loss(w * tf.reduce_sum(tf.cast(x, tf.float32)))

        return GraphBackend(as_json(build), "x:0").feeds[0].rows

    @pytest.mark.parametrize(
        ("shape", "width", "expected"),
        [
            ([None, 6], 6, (5, 6)),
            ([None, None], 6, (5, 6)),
            (None, 6, (5, 6)),
            ([None], 1, (5,)),
            ([None, 2, 3], 6, (5, 2, 3)),
            ([None, 2, 3, 1], 6, (5, 2, 3, 1)),
            ([None, None, 3], 6, (5, 2, 3)),
            ([5, 6], 6, (5, 6)),
        ],
    )
    def test_rows_take_the_shape_of_the_placeholder(self, shape, width, expected):
        matrix = rows(5, width)
        shaped = self.feed(shape)(matrix)
        assert shaped.shape == expected
        np.testing.assert_array_equal(shaped.reshape(-1), matrix.reshape(-1))

    @pytest.mark.parametrize(
        ("shape", "width", "words"),
        [
            ([None, 784], 10, r"tfInput 'x:0' takes 784 values a row, but the features column has 10"),
            ([None, 28, 28, 1], 783, "takes 784 values a row"),
            ([None], 2, "takes 1 value a row"),
            ([None, None, 4], 6, "a multiple of 4 values"),
            ([None, None, None], 6, "only one dimension after the first"),
        ],
    )
    def test_rows_that_do_not_fit(self, shape, width, words):
        with pytest.raises(ValueError, match=words):
            self.feed(shape)(rows(5, width))

    def test_a_scalar_cannot_be_fed(self):
        with pytest.raises(ValueError, match="is a scalar"):
            self.feed([])

    def test_strings_for_numbers_and_numbers_for_strings(self):
        with pytest.raises(ValueError, match="'x:0' takes numbers, but the features column has strings"):
            self.feed([None, 1])(np.array([["1"]], object))

        def build():
            x = tf.placeholder(tf.string, [None], name="x")
            tf.losses.add_loss(tf.get_variable("w", []) * tf.reduce_sum(tf.strings.to_number(x)))

        with pytest.raises(ValueError, match="'x:0' takes strings, but the features column has numbers"):
            GraphBackend(as_json(build), "x:0").feeds[0].rows(rows(2, 1))

    def test_integers_of_any_size_are_fed_exactly(self):
        feed = self.feed([None, 1], tf.int64)
        for values in (np.array([[2**40 + 1], [-(2**63)]]), np.array([[2.0**53]]), np.array([[True]])):
            assert feed(values).dtype == np.int64
            assert feed(values).tolist() == [[int(v)] for v in values[:, 0]]
        flags = self.feed([None, 1], tf.bool)
        assert flags(np.array([[1.0], [0.0]])).tolist() == [[True], [False]]
        with pytest.raises(ValueError, match=r"dtype bool, but .* the value 2\.0, which this dtype does not"):
            flags(np.array([[2.0]]))
        for bad, words in (
            (np.nan, "the value nan, which is NaN or infinite"),
            (-np.inf, "the value -inf, which is NaN or infinite"),
            (2.0**63, r"the value 9\.22.*e\+18, which this dtype does not hold"),
        ):
            with pytest.raises(ValueError, match=rf"tfInput 'x:0' is of dtype int64, but .* {words}"):
                feed(np.array([[0.0], [bad]]))

    @pytest.mark.parametrize(
        ("dtype", "bad"),
        [(tf.int32, 0.9), (tf.int32, -0.5), (tf.int8, 300.0), (tf.uint8, -1.0), (tf.int64, 8388607.5)],
    )
    def test_what_the_integers_of_a_placeholder_do_not_hold_is_refused(self, dtype, bad):
        feed = self.feed([None, 2], dtype)
        np.testing.assert_array_equal(feed(np.array([[-0.0, 127.0]], np.float32)), [[0, 127]])
        value = np.float32(bad)
        with pytest.raises(
            ValueError, match=rf"dtype {dtype.name}, but the features column has the value"
        ) as e:
            feed(np.array([[1.0, 2.0], [value, 0.25]], np.float32))
        assert f"the value {value}, which this dtype does not hold: round or rescale" in str(e.value)

    def test_a_fixed_batch_size_is_named_when_a_batch_differs(self):
        def build():
            x = tf.placeholder(tf.float32, [4, 2], name="x")
            tf.losses.add_loss(tf.get_variable("w", []) * tf.reduce_sum(x))

        backend = GraphBackend(as_json(build), "x:0")
        weights, state = backend.initial()
        backend.start(weights, state)
        backend.step(weights, rows(4, 2))
        with pytest.raises(ValueError, match=r"exactly 4 rows, got 3.*None"):
            backend.step(weights, rows(3, 2))


def test_layouts_that_differ_name_the_first_variable_and_both_shapes():
    own = Layout((Variable("a", (2,)), Variable("b", (3, 4))), (StateVariable("s", (), "int64"),))
    assert own.difference(Layout.from_json(own.to_json())) is None
    other = Layout((Variable("a", (2,)), Variable("b", (4, 4))), own.state)
    assert own.difference(other) == "the graph has 'b' [3, 4] where the weights have 'b' [4, 4]"
    assert "no more variables" in str(own.difference(Layout(own.weights, ())))
    kind = Layout(own.weights, (StateVariable("s", (), "int32"),))
    assert "'s' [] of int64 where the weights have 's' [] of int32" in str(own.difference(kind))


def test_text_that_is_no_layout():
    for text in ("{}", "[]", '{"weights": [{"name": "a"}], "state": []}', "{"):
        with pytest.raises(ValueError, match=r"not the layout|Expecting"):
            Layout.from_json(text)


def test_without_tensorflow_the_error_names_interpreter_and_remedy():
    code = (
        "import sys; sys.modules['tensorflow'] = None\n"
        "try:\n    import sparkflow.backend.graph\n"
        "except RuntimeError as error:\n    print(error)"
    )
    path = [p for p in sys.path if p]
    environment = {"PYTHONPATH": ":".join(path)}
    out = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert f"cannot be imported by {sys.executable}" in out.stdout
    assert "pip install tensorflow" in out.stdout
