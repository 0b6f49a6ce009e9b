"""Models taken out, opened by TensorFlow without SparkFlow and by SparkFlow again."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import tensorflow.compat.v1 as tf1

from backend.pretrained.models import classifier, fitted, predict, recurrent, rows, save_module
from sparkflow.backend import export
from sparkflow.backend.fitted import Fitted
from sparkflow.backend.keras.convert import predictor
from sparkflow.backend.layout import Layout
from sparkflow.backend.pretrained.open import open_model
from sparkflow.backend.values import from_arrays
from sparkflow.graph_utils import build_graph

import tensorflow as tf  # isort: skip


def net():
    x = tf1.placeholder(tf1.float32, [None, 4], name="x")
    y = tf1.placeholder(tf1.float32, [None, 1], name="y")
    rate = tf1.placeholder_with_default(0.5, [], name="rate")
    hidden = tf1.layers.batch_normalization(tf1.nn.dropout(x, rate=rate), training=False, name="bn")
    out = tf1.layers.dense(hidden, 1, name="out", activation=tf1.nn.sigmoid)
    return tf1.losses.log_loss(y, out)


def trained_net():
    arrays = [np.ones(4), np.full(4, 0.5), np.arange(4.0)[:, None], np.array([-1.0])]
    values = from_arrays(build_graph(net), arrays)
    weights = np.frombuffer(values.weights, "<f4")
    layout = Layout.from_json(values.layout)
    return Fitted(values.graph, layout, weights, values.state, "x:0", "out/Sigmoid:0", "rate:0")


MODELS = {
    "graph": (trained_net, rows()),
    "keras": (lambda: fitted(predictor(classifier())), rows()),
    "recurrent": (lambda: fitted(predictor(recurrent())), np.arange(20).reshape(5, 4)),
}


@pytest.mark.parametrize("name", MODELS)
def test_a_saved_model_is_opened_by_tensorflow_and_comes_back(name, tmp_path):
    make, x = MODELS[name]
    model = make()
    wanted = predict(model, x)
    export.saved_model(model, str(tmp_path / "out"))
    loaded = tf.saved_model.load(str(tmp_path / "out"))
    serve = loaded.signatures["serving_default"]
    (source,) = serve.structured_input_signature[1].values()
    (output,) = serve(**{source.name: tf.constant(x, source.dtype)}).values()
    np.testing.assert_allclose(output, wanted, atol=1e-6)
    back = open_model(str(tmp_path / "out"))
    np.testing.assert_allclose(predict(back, x), wanted, atol=1e-6)
    trained = len(Layout.from_json(back.values.layout).weights)
    assert trained == len(model.layout.weights)


def test_its_signature_is_called_as_the_tensors(tmp_path):
    export.saved_model(trained_net(), str(tmp_path / "out"))
    (source,), (output,) = (opened := open_model(str(tmp_path / "out"))).inputs, opened.outputs
    assert str(source) == "'x:0' (float32 [None, 4])"
    assert str(output) == "'out_Sigmoid:0' (float32 [None, 1])"


@pytest.mark.parametrize("name", MODELS)
def test_a_frozen_graph_is_run_by_a_session_and_comes_back(name, tmp_path):
    make, x = MODELS[name]
    model = make()
    wanted = predict(model, x)
    export.frozen_graph(model, str(tmp_path / "out.pb"))
    graph_def = tf1.GraphDef.FromString((tmp_path / "out.pb").read_bytes())
    with tf1.Graph().as_default(), tf1.Session() as session:
        (output,) = tf1.import_graph_def(graph_def, return_elements=[model.tf_output], name="")
        np.testing.assert_allclose(session.run(output, {model.tf_input: x}), wanted, atol=1e-6)
    opened = open_model(str(tmp_path / "out.pb"))
    np.testing.assert_allclose(predict(opened, x), wanted, atol=1e-6)


def test_a_frozen_graph_of_more_than_protobuf_holds_is_refused_before_any_work(tmp_path):
    large = replace(trained_net(), weights=np.broadcast_to(np.float32(0), 540_000_000))
    with pytest.raises(ValueError, match=r"take 2\.16 GB, .* 2 GB at most: use format='saved_model'"):
        export.frozen_graph(large, str(tmp_path / "out"))
    assert list(tmp_path.iterdir()) == []


def test_several_outputs_go_along(tmp_path):
    x = rows()
    names = ["out/Sigmoid:0", "bn/batchnorm/add_1:0"]  # not in the order of the alphabet
    model = replace(trained_net(), tf_output=names)
    wanted = [predict(replace(model, tf_output=name), x) for name in names]
    export.saved_model(model, str(tmp_path / "out"))
    serve = tf.saved_model.load(str(tmp_path / "out")).signatures["serving_default"]
    found = serve(x=tf.constant(x, tf.float32))
    export.frozen_graph(model, str(tmp_path / "out.pb"))
    graph_def = tf1.GraphDef.FromString((tmp_path / "out.pb").read_bytes())
    with tf1.Graph().as_default(), tf1.Session() as session:
        outputs = tf1.import_graph_def(graph_def, return_elements=names, name="")
        frozen = session.run(outputs, {"x:0": x})
    for name, one, other in zip(names, wanted, frozen, strict=True):
        np.testing.assert_allclose(found[name[:-2].replace("/", "_")], one, atol=1e-6)
        np.testing.assert_allclose(other, one, atol=1e-6)


def test_lookup_tables_go_along_or_are_refused(tmp_path):
    model = fitted(open_model(save_module(tmp_path / "module"), signature="look_up"))
    export.saved_model(model, str(tmp_path / "out"))
    ids = np.array([[7], [6]])
    assert predict(open_model(str(tmp_path / "out")), ids).ravel().tolist() == [0.25, -1.0]
    with pytest.raises(ValueError, match="lookup table.*format='saved_model'"):
        export.frozen_graph(model, str(tmp_path / "out.pb"))


@pytest.mark.parametrize("shape", [(None, 5), (3, 5)])
def test_a_sparse_input_is_taken_out_as_its_parts(shape, tmp_path):
    def linear():
        x = tf1.sparse_placeholder(tf1.float32, shape, name="x")
        w = tf1.get_variable("w", [5, 2])
        out = tf1.sparse_tensor_dense_matmul(x, w, name="out")
        tf1.losses.mean_squared_error(tf1.placeholder(tf1.float32, [None, 2], name="y"), out)

    w = np.arange(10, dtype=np.float32).reshape(5, 2)
    values = from_arrays(build_graph(linear), [w])
    layout = Layout.from_json(values.layout)
    out = "out/SparseTensorDenseMatMul:0"
    model = Fitted(values.graph, layout, np.frombuffer(values.weights, "<f4"), values.state, "x", out)
    dense = np.array([[0, 2, 0, 0, 0], [0, 0, 0, 0, 0], [1, 0, 0, 0, 3]], np.float32)
    sparse = tf.sparse.from_dense(dense)
    export.saved_model(model, str(tmp_path / "saved"))
    serve = tf.saved_model.load(str(tmp_path / "saved")).signatures["serving_default"]
    parts = {"x_values": sparse.values, "x_indices": sparse.indices, "x_shape": sparse.dense_shape}
    wanted = set(serve.structured_input_signature[1])
    assert {"x_values", "x_indices"} <= wanted <= set(parts)
    (got,) = serve(**{name: part for name, part in parts.items() if name in wanted}).values()
    np.testing.assert_allclose(got, dense @ w)
