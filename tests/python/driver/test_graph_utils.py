import json
import threading
import warnings

import pytest
import tensorflow as tf2
import tensorflow.compat.v1 as compat
from google.protobuf import json_format
from tensorflow.compat.v1 import layers as layers_by_name

from interpreter import run
from sparkflow import graph_utils, tf1
from sparkflow.graph_utils import build_graph


def dense_net(tf):
    x = tf.placeholder(tf.float32, shape=[None, 784], name="x")
    y = tf.placeholder(tf.float32, shape=[None, 10], name="y")
    layer1 = tf.layers.dense(x, 16, activation=tf.nn.relu, kernel_initializer=tf.glorot_uniform_initializer())
    out = tf.layers.dense(layer1, 10)
    tf.argmax(out, 1, name="out")
    return tf.losses.softmax_cross_entropy(y, out)


def conv_net(tf):
    x = tf.placeholder(tf.float32, shape=[None, 784], name="x")
    y = tf.placeholder(tf.float32, shape=[None, 10], name="y")
    keep = tf.placeholder_with_default(0.0, shape=(), name="drop")
    image = tf.reshape(x, shape=[-1, 28, 28, 1])
    conv = tf.layers.conv2d(image, 4, 5, activation=tf.nn.relu, kernel_regularizer=tf.nn.l2_loss)
    conv = tf.layers.batch_normalization(conv, training=True)
    conv = tf.layers.max_pooling2d(conv, 2, 2)
    flat = tf.layers.dropout(tf.layers.flatten(conv), keep, training=True)
    out = tf.layers.Dense(10, name="outer")(flat)
    return tf.losses.softmax_cross_entropy(y, out)


def imported(text):
    meta = json_format.Parse(text, compat.MetaGraphDef())
    graph = compat.Graph()
    with graph.as_default():
        compat.train.import_meta_graph(meta)
    return graph


@pytest.mark.parametrize("tf", [tf1, compat], ids=["sparkflow.tf1", "tensorflow.compat.v1"])
def test_a_dense_net_written_for_either_import_comes_back_trainable(tf):
    graph = imported(build_graph(lambda: dense_net(tf)))
    names = [v.name for v in graph.get_collection("trainable_variables")]
    assert names == ["dense/kernel:0", "dense/bias:0", "dense_1/kernel:0", "dense_1/bias:0"]
    assert [t.op.type for t in graph.get_collection("losses")] == ["DivNoNan"]
    assert graph.get_tensor_by_name("out:0").dtype == compat.int64


@pytest.mark.parametrize("tf", [tf1, compat], ids=["sparkflow.tf1", "tensorflow.compat.v1"])
def test_convolution_dropout_batch_norm_and_regularizers_fill_the_collections(tf):
    graph = imported(build_graph(lambda: conv_net(tf)))
    assert len(graph.get_collection("losses")) == 1
    assert len(graph.get_collection("regularization_losses")) == 1
    assert len(graph.get_collection("update_ops")) == 2
    assert "batch_normalization/moving_mean:0" in [v.name for v in graph.get_collection("variables")]


def test_layers_imported_by_name_before_work_too():
    def build():
        x = compat.placeholder(compat.float32, [None, 2], name="x")
        return compat.reduce_mean(layers_by_name.dense(x, 1))

    assert len(imported(build_graph(build)).get_collection("trainable_variables")) == 2


def test_tensorflow_is_as_it_was_afterwards_even_after_an_error():
    def fail():
        compat.layers.dense(compat.placeholder(compat.float32, [None, 2]), 1)
        raise RuntimeError("in the middle")

    before = set(compat.layers.__dict__)
    with pytest.raises(RuntimeError, match="in the middle"):
        build_graph(fail)
    assert set(compat.layers.__dict__) == before
    assert not hasattr(compat.layers, "dense")


def test_build_graph_inside_build_graph_leaves_the_outer_one_whole():
    def outer():
        inner = imported(build_graph(lambda: dense_net(compat)))
        assert len(inner.get_collection("losses")) == 1
        return dense_net(compat)

    graph = imported(build_graph(outer))
    assert len(graph.get_collection("trainable_variables")) == 4


def test_threads_build_graphs_side_by_side():
    texts = []
    threads = [
        threading.Thread(target=lambda: texts.append(build_graph(lambda: dense_net(compat))))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [len(imported(t).get_collection("trainable_variables")) for t in texts] == [4] * 4


def test_legacy_deprecations_are_silent_and_the_users_own_warnings_are_not(caplog):
    def build():
        warnings.warn("mine", UserWarning, stacklevel=1)
        return conv_net(tf1)

    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        build_graph(build)
    assert [str(w.message) for w in seen] == ["mine"]
    assert "deprecated" not in caplog.text


def test_a_returned_tensor_becomes_the_loss_if_there_is_none():
    def build():
        x = tf1.placeholder(tf1.float32, [None, 3], name="x")
        return tf1.reduce_mean(tf1.square(tf1.layers.dense(x, 3) - x), name="mine")

    assert [t.name for t in imported(build_graph(build)).get_collection("losses")] == ["mine:0"]


def test_a_loss_of_tf_losses_is_not_entered_twice():
    assert len(imported(build_graph(lambda: dense_net(tf1))).get_collection("losses")) == 1


def test_no_loss_is_refused():
    def no_loss():
        tf1.layers.dense(tf1.placeholder(tf1.float32, [None, 3]), 1)

    with pytest.raises(ValueError, match=r"the graph of no_loss has no loss: use a function of tf\.losses"):
        build_graph(no_loss)


def test_a_loss_per_row_is_refused():
    def per_row():
        x = tf1.placeholder(tf1.float32, [None, 3])
        return tf1.square(tf1.layers.dense(x, 1))

    with pytest.raises(ValueError, match=r"one floating-point number.*\(None, 1\).*tf\.reduce_mean"):
        build_graph(per_row)


def test_a_tensor_of_another_graph_is_refused():
    with compat.Graph().as_default():
        stranger = compat.constant(1.0, name="stranger")
    with pytest.raises(ValueError, match="stranger:0, was not made in its graph"):
        build_graph(lambda: stranger)


@pytest.mark.parametrize("wrong", ['{"graph": 1}', None, 3])
def test_what_is_no_function_is_refused(wrong):
    with pytest.raises(TypeError, match="takes a function that builds the graph"):
        build_graph(wrong)


def test_a_function_of_plain_tensorflow_2_gets_the_import_to_write():
    with pytest.raises(AttributeError, match="from sparkflow import tf1 as tf"):
        build_graph(lambda: tf2.placeholder(tf2.float32, [None, 1]))


WITHOUT_TF_KERAS = """
import sys
sys.modules["tf_keras"] = None  # as if it were not installed
import tensorflow.compat.v1 as compat
from sparkflow import tf1
from sparkflow.graph_utils import build_graph

for tf in (tf1, compat):
    try:
        build_graph(lambda: tf.layers.dense(tf.placeholder(tf.float32, [None, 3]), 1))
    except ImportError as e:
        print(e)

def without_layers():
    x = compat.placeholder(compat.float32, [None, 3], name="x")
    return compat.reduce_mean(x @ compat.get_variable("w", [3, 1]))

print("losses" in build_graph(without_layers))
"""


def test_a_missing_tf_keras_is_named_with_the_command():
    done = run(WITHOUT_TF_KERAS)
    by_tf1, by_compat, graph_without_layers = done.stdout.splitlines()
    assert by_tf1 == by_compat
    assert "pip install tf_keras" in by_tf1
    assert graph_without_layers == "True"


@pytest.mark.parametrize(
    ("build", "defaults"),
    [
        ("build_adam_config", {"learning_rate": 0.001, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8}),
        (
            "build_rmsprop_config",
            {"learning_rate": 0.001, "decay": 0.9, "momentum": 0.0, "epsilon": 1e-10, "centered": False},
        ),
        ("build_momentum_config", {"learning_rate": 0.001, "momentum": 0.9, "use_nesterov": False}),
        ("build_adadelta_config", {"learning_rate": 0.001, "rho": 0.95, "epsilon": 1e-8}),
        ("build_adagrad_config", {"learning_rate": 0.001, "initial_accumulator": 0.1}),
        ("build_gradient_descent", {"learning_rate": 0.001}),
    ],
)
def test_configs_have_the_names_and_defaults_of_0_7(build, defaults):
    assert json.loads(getattr(graph_utils, build)()) == {**defaults, "use_locking": False}
    assert json.loads(getattr(graph_utils, build)(0.5, use_locking=True)) == {
        **defaults,
        "learning_rate": 0.5,
        "use_locking": True,
    }


def test_generate_config_is_json():
    assert json.loads(graph_utils.generate_config(a=1, b=True)) == {"a": 1, "b": True}


def looked_up():
    import keras

    text = keras.Input((1,), dtype="string")
    known = keras.layers.StringLookup(vocabulary=["x", "y"], output_mode="one_hot")(text)
    model = keras.Model(text, keras.layers.Dense(1)(known))
    model.compile("sgd", "mse")
    return model


def vectorized():
    import keras

    words = keras.layers.TextVectorization(output_mode="multi_hot")
    words.adapt(["a b c", "d e"])
    model = keras.Sequential([keras.Input((1,), dtype="string"), words, keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    return model


@pytest.mark.parametrize("function", [looked_up, vectorized])
def test_a_keras_model_that_no_graph_could_make(function):
    graph = imported(build_graph(function))
    assert graph.get_tensor_by_name("x:0").dtype == compat.string
    graph.get_tensor_by_name("out:0")


def test_what_fails_in_a_graph_is_told_as_it_failed_there():
    def wrong():
        raise ValueError("of my own")

    with pytest.raises(ValueError, match="of my own"):
        build_graph(wrong)
