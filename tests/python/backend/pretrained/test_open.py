"""What other programs have saved, against what they themselves compute with it."""

from __future__ import annotations

import zipfile

import numpy as np
import pytest
import tensorflow.compat.v1 as tf1

from backend.pretrained.models import classifier, fitted, predict, recurrent, rows, save_module
from sparkflow.backend.layout import Layout
from sparkflow.backend.predictor import GraphPredictor
from sparkflow.backend.pretrained.open import open_model

import keras  # isort: skip  # after TensorFlow has been imported quietly
import tensorflow as tf  # isort: skip
from keras import layers  # isort: skip


def names(opened):
    layout = Layout.from_json(opened.values.layout)
    return [v.name for v in layout.weights], [v.name for v in layout.state]


class TestSavedModel:
    @pytest.mark.parametrize("build", [classifier, recurrent])
    def test_of_keras(self, build, tmp_path):
        model = build()
        model.export(str(tmp_path / "model"), verbose=False)
        opened = open_model(str(tmp_path / "model"))
        x = rows() if build is classifier else np.arange(20).reshape(5, 4)
        np.testing.assert_allclose(predict(opened, x), model.predict(x, verbose=0), atol=1e-6)

    def test_says_what_goes_in_and_what_comes_out(self, tmp_path):
        classifier().export(str(tmp_path / "model"), verbose=False)
        opened = open_model(str(tmp_path / "model"))
        (source,), (output,) = opened.inputs, opened.outputs
        assert str(source) == "'features:0' (float32 [None, 4])"
        assert str(output) == "'output_0:0' (float32 [None, 3])"

    def test_averages_are_state(self, tmp_path):
        classifier().export(str(tmp_path / "model"), verbose=False)
        weights, state = names(open_model(str(tmp_path / "model")))
        assert (len(weights), len(state)) == (6, 2)
        assert all("moving" in name for name in state)

    def test_the_class(self, tmp_path):
        model = classifier()
        model.export(str(tmp_path / "model"), verbose=False)
        classes = predict(open_model(str(tmp_path / "model")), rows(), "class:0")
        np.testing.assert_array_equal(classes[:, 0], model.predict(rows(), verbose=0).argmax(1))

    def test_of_a_module_has_the_signature_that_is_asked_for(self, tmp_path):
        path = save_module(tmp_path / "module")
        x = rows(width=2)
        opened = open_model(path, signature="scale")
        assert [port.tensor for port in opened.outputs] == ["size:0", "y:0"]
        wanted = x @ [[2.0], [3.0]] + 1
        np.testing.assert_allclose(predict(opened, x, "y:0"), wanted, rtol=1e-6)
        np.testing.assert_allclose(predict(opened, x)[:, 0], np.linalg.norm(x, axis=1), rtol=1e-6)
        assert names(opened) == (["w"], ["offset"])

    def test_lookup_tables_come_along(self, tmp_path):
        opened = open_model(save_module(tmp_path / "module"), signature="look_up")
        ids = np.array([[7], [5], [6]])
        assert predict(opened, ids).ravel().tolist() == [0.25, 0.5, -1.0]

    def test_of_tensorflow_1(self, tmp_path):
        with tf1.Graph().as_default(), tf1.Session() as session:
            x = tf1.placeholder(tf1.float32, [None, 2], name="in")
            w = tf1.Variable([[2.0], [3.0]], use_resource=False, name="w")
            b = tf1.Variable(1.0, trainable=False, use_resource=True, name="b")
            session.run(tf1.global_variables_initializer())
            tf1.saved_model.simple_save(session, str(tmp_path / "old"), {"x": x}, {"y": x @ w + b})
        opened = open_model(str(tmp_path / "old"))
        np.testing.assert_allclose(predict(opened, rows(width=2)), rows(width=2) @ [[2.0], [3.0]] + 1)
        assert names(opened) == (["w"], ["b"])

    def test_variables_that_models_have_no_place_for_stay_in_the_graph(self, tmp_path):
        module = tf.Module()
        module.half = tf.Variable(tf.constant(0.5, tf.float16), trainable=False, name="half")
        module.on = tf.Variable(True)
        serve = tf.function(
            lambda x: tf.where(module.on, x * tf.cast(module.half, tf.float32), x),
            input_signature=[tf.TensorSpec([None, 1])],
        )
        tf.saved_model.save(module, str(tmp_path / "half"), signatures=serve)
        opened = open_model(str(tmp_path / "half"))
        assert predict(opened, np.array([[3.0]])).item() == 1.5
        assert names(opened) == ([], ["half"])  # kept as float32

    def test_an_input_that_nothing_reads(self, tmp_path):
        specs = [tf.TensorSpec([None, 1], name="x"), tf.TensorSpec([None, 1], name="unused")]
        module = tf.Module()
        serve = tf.function(lambda x, unused: {"y": 2 * x}, input_signature=specs)
        tf.saved_model.save(module, str(tmp_path / "two"), signatures=serve)
        opened = open_model(str(tmp_path / "two"))
        with pytest.raises(
            ValueError, match=r"2 inputs: 'unused:0' \(float32 \[None, 1\]\), 'x:0' .*tfInput"
        ):
            opened.chosen("two", None, None)
        (fed,), output = opened.chosen("two", "x:0", None)
        assert (fed.tensor, output) == ("x:0", "y:0")
        with pytest.raises(ValueError, match="'x:0' would get no value"):
            opened.chosen("two", "unused:0", None)


class TestRefusedSavedModel:
    def test_unknown_signature(self, tmp_path):
        path = save_module(tmp_path / "module")
        with pytest.raises(ValueError, match=r"no signature 'serving_default': .*\['look_up', 'scale'\]"):
            open_model(path)
        with pytest.raises(ValueError, match="no signature 'scales'"):
            open_model(path, signature="scales")

    def test_without_signature(self, tmp_path):
        tf.saved_model.save(tf.Module(), str(tmp_path / "none"))
        with pytest.raises(ValueError, match=r"no signature, so nothing says.*model\.export"):
            open_model(str(tmp_path / "none"))

    def test_unknown_tags(self, tmp_path):
        path = save_module(tmp_path / "module")
        with pytest.raises(ValueError, match=r"tags \['train'\]: give tags=\['serve'\]"):
            open_model(path, signature="scale", tags="train")

    def test_values_that_are_missing(self, tmp_path):
        path = save_module(tmp_path / "module")
        (tmp_path / "module" / "variables" / "variables.index").unlink()
        with pytest.raises(ValueError, match="variables"):
            open_model(path, signature="scale")

    def test_what_is_for_another_kind(self, tmp_path):
        path = save_module(tmp_path / "module")
        with pytest.raises(ValueError, match="custom_objects is not for a SavedModel"):
            open_model(path, custom_objects={})

    def test_an_op_that_is_not_there(self, tmp_path):
        path = save_module(tmp_path / "module")
        file = tmp_path / "module" / "saved_model.pb"
        file.write_bytes(file.read_bytes().replace(b"LookupTableFindV2", b"LookupTableFindV9"))
        with pytest.raises(ValueError, match=r"needs the op LookupTableFindV9.*leave that part out"):
            open_model(path, signature="look_up")


@keras.saving.register_keras_serializable("sparkflow_tests")
class Doubled(layers.Layer):
    def call(self, x):
        return 2 * x


class Unregistered(layers.Layer):
    def call(self, x):
        return 3 * x


def with_layer(layer):
    return keras.Sequential([keras.Input((4,)), layers.Dense(2), layer])


def renamed(path):
    """The file as a process sees it that has no class `Unregistered`."""
    other = path.with_name(f"elsewhere{path.suffix}")
    if path.suffix == ".h5":
        other.write_bytes(path.read_bytes().replace(b"Unregistered", b"Unregisterex"))
        return str(other)
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(other, "w") as target:
        for name in source.namelist():
            target.writestr(name, source.read(name).replace(b"Unregistered", b"Unregisterex"))
    return str(other)


class TestKerasFile:
    @pytest.mark.parametrize("name", ["model.keras", "model.h5"])
    def test_predicts_as_keras(self, name, tmp_path):
        model = classifier()
        model.save(tmp_path / name)
        opened = open_model(str(tmp_path / name))
        np.testing.assert_allclose(predict(opened, rows()), model.predict(rows(), verbose=0), atol=1e-6)
        assert [port.tensor for port in (*opened.inputs, *opened.outputs)] == ["x:0", "out:0"]

    def test_with_nothing_to_train(self, tmp_path):
        model = classifier()
        model.trainable = False
        model.save(tmp_path / "frozen.keras")
        opened = open_model(str(tmp_path / "frozen.keras"))
        assert names(opened)[0] == []
        np.testing.assert_allclose(predict(opened, rows()), model.predict(rows(), verbose=0), atol=1e-6)

    def test_registered_classes(self, tmp_path):
        model = with_layer(Doubled())
        model.save(tmp_path / "own.keras")
        opened = open_model(str(tmp_path / "own.keras"))
        np.testing.assert_allclose(predict(opened, rows()), model.predict(rows(), verbose=0), atol=1e-6)

    @pytest.mark.parametrize("name", ["own.keras", "own.h5"])
    def test_classes_that_are_not_there(self, name, tmp_path):
        model = with_layer(Unregistered())
        model.save(tmp_path / name)
        path = renamed(tmp_path / name)
        with pytest.raises(ValueError, match="needs 'Unregisterex'.*custom_objects={'Unregisterex': "):
            open_model(path)
        opened = open_model(path, custom_objects={"Unregisterex": Unregistered})
        np.testing.assert_allclose(predict(opened, rows()), model.predict(rows(), verbose=0), atol=1e-6)

    def test_python_code(self, tmp_path):
        with_layer(layers.Lambda(lambda x: x + 1)).save(tmp_path / "code.keras")
        with pytest.raises(ValueError, match=r"has Python code in it.*safe_mode=False.*from_keras"):
            open_model(str(tmp_path / "code.keras"))

    def test_weights_alone(self, tmp_path):
        classifier().save_weights(tmp_path / "model.weights.h5")
        with pytest.raises(ValueError, match="weights alone and no architecture.*load_weights"):
            open_model(str(tmp_path / "model.weights.h5"))

    @pytest.mark.parametrize("name", ["model.keras", "model.h5"])
    def test_no_such_file(self, name, tmp_path):
        (tmp_path / name).write_text("nothing of the kind")
        with pytest.raises(ValueError, match="is no Keras model: expected"):
            open_model(str(tmp_path / name))


TEXTS = np.array([["the cat sat"], ["a dog"], [""]], object)


def reader():
    keras.utils.set_random_seed(1)
    vectorize = layers.TextVectorization(10, output_mode="int", output_sequence_length=4)
    vectorize.adapt(["the cat", "the dog sat"])
    numbers = [layers.Embedding(10, 3), layers.Flatten(), layers.Dense(2)]
    return keras.Sequential([keras.Input((1,), dtype="string"), vectorize, *numbers])


@pytest.mark.parametrize("name", ["text.keras", "text"])
def test_a_model_that_reads_text(name, tmp_path):
    model = reader()
    wanted = model.predict(tf.constant(TEXTS.tolist()), verbose=0)
    if name == "text":
        model.export(str(tmp_path / name), verbose=False)
    else:
        model.save(tmp_path / name)
    model = fitted(open_model(str(tmp_path / name)))
    predictor = GraphPredictor(
        model.graph, model.layout, model.weights, model.state, model.tf_input, model.tf_output
    )
    np.testing.assert_allclose(predictor(TEXTS), wanted, atol=1e-6)


def frozen(path, build):
    with tf1.Graph().as_default() as graph:
        build()
        tf1.io.write_graph(graph, str(path.parent), path.name, as_text=path.suffix == ".pbtxt")
    return str(path)


def line():
    x = tf1.placeholder(tf1.float32, [None, 2], name="x")
    tf1.nn.relu(x @ tf1.constant([[2.0], [3.0]]), name="y")


class TestFrozen:
    @pytest.mark.parametrize("name", ["line.pb", "line.pbtxt"])
    def test_keeps_its_names(self, name, tmp_path):
        opened = open_model(frozen(tmp_path / name, line))
        assert [port.tensor for port in (*opened.inputs, *opened.outputs)] == ["x:0", "y:0"]
        x = np.abs(rows(width=2))
        np.testing.assert_allclose(predict(opened, x), x @ [[2.0], [3.0]], rtol=1e-6)
        assert names(opened) == ([], [])

    def test_lookup_tables_are_initialized(self, tmp_path):
        def build():
            ids = tf1.placeholder(tf1.int64, [None, 1], name="ids")
            start = tf.lookup.KeyValueTensorInitializer(tf.constant([5], tf.int64), [0.5])
            tf.identity(tf.lookup.StaticHashTable(start, -1.0).lookup(ids), name="rank")

        opened = open_model(frozen(tmp_path / "table.pb", build))
        assert predict(opened, np.array([[5], [6]]), "rank:0").ravel().tolist() == [0.5, -1.0]

    def test_with_variables(self, tmp_path):
        path = frozen(tmp_path / "not.pb", lambda: tf1.Variable(1.0, name="w"))
        with pytest.raises(ValueError, match="not frozen: it has variables, such as 'w'"):
            open_model(path)

    def test_without_input(self, tmp_path):
        with pytest.raises(ValueError, match="has no placeholder"):
            open_model(frozen(tmp_path / "constant.pb", lambda: tf1.identity(1.0)))

    @pytest.mark.parametrize("name", ["not.pb", "not.pbtxt"])
    def test_no_graph(self, name, tmp_path):
        (tmp_path / name).write_bytes(b"\xff nothing of the kind")
        with pytest.raises(ValueError, match="is no GraphDef"):
            open_model(str(tmp_path / name))


class TestPath:
    def test_nothing_there(self, tmp_path):
        with pytest.raises(FileNotFoundError, match=r"nothing at .*missing: expected the directory of"):
            open_model(str(tmp_path / "missing"))

    def test_another_directory(self, tmp_path):
        (tmp_path / "notes.txt").write_text("")
        with pytest.raises(ValueError, match=r"no model that is known here.*in the directory are notes\.txt"):
            open_model(str(tmp_path))

    def test_another_file(self, tmp_path):
        (tmp_path / "model.onnx").write_text("")
        with pytest.raises(ValueError, match="another kind of file"):
            open_model(str(tmp_path / "model.onnx"))
