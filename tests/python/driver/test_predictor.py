import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import tensorflow.compat.v1 as tf
from pyspark.ml.linalg import Vectors

from interpreter import run
from sparkflow import load_predictor
from sparkflow.backend.values import from_arrays
from sparkflow.graph_utils import build_graph
from sparkflow.model_files import _Params, write_model
from sparkflow.model_reader import PARAMS

GOLDEN = Path(__file__).parents[2] / "fixtures" / "saved-model-v1"
X = np.random.default_rng(0).normal(size=(7, 2)).astype(np.float32)
KERNEL = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], np.float32)


def net():
    x = tf.placeholder(tf.float32, [None, 2], name="x")
    y = tf.placeholder(tf.float32, [None, 3], name="y")
    out = tf.matmul(x, tf.get_variable("kernel", [2, 3]), name="out")
    tf.reduce_sum(out, 1, name="total")
    tf.losses.mean_squared_error(y, out)


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    path = tmp_path_factory.mktemp("models") / "net"
    write_model(path, from_arrays(build_graph(net), [KERNEL]), {"tfOutput": "out:0", "inferenceBatchSize": 3})
    return path


@pytest.fixture(scope="module")
def predictor(saved):
    with load_predictor(saved) as predictor:
        yield predictor


@pytest.mark.parametrize(
    "one",
    [X[0], X[0].tolist(), tuple(X[0].tolist()), Vectors.dense(X[0]), Vectors.sparse(2, enumerate(X[0]))],
)  # fmt: skip
def test_one_row_in_one_vector_out(predictor, one):
    out = predictor.predict(one)
    assert out.dtype == np.float64
    np.testing.assert_allclose(out, X[0] @ KERNEL, rtol=1e-6)


def test_after_close(saved):
    predictor = load_predictor(saved)
    predictor.close()
    predictor.close()
    with pytest.raises(RuntimeError, match="the predictor is closed: load it again"):
        predictor.predict(X)


@pytest.mark.parametrize(
    "rows", [X, X.astype(np.float64), X.tolist(), [Vectors.dense(x) for x in X], X.reshape(7, 2, 1)]
)
def test_rows_in_rows_out_in_their_order_and_over_batches(predictor, rows):
    np.testing.assert_allclose(predictor.predict(rows), X @ KERNEL, rtol=1e-5)


def test_one_value_a_row_is_a_float_or_one_dimension(saved):
    with load_predictor(saved, tfOutput="total:0") as predictor:
        assert isinstance(predictor.predict(X[0]), float)
        np.testing.assert_allclose(predictor.predict(X), (X @ KERNEL).sum(1), rtol=1e-5)


def test_threads_share_it(predictor):
    with ThreadPoolExecutor(8) as pool:
        outs = list(pool.map(predictor.predict, [X[i % 7] * i for i in range(200)]))
    for i, out in enumerate(outs):
        np.testing.assert_allclose(out, X[i % 7] * i @ KERNEL, rtol=1e-5)


def test_strings(tmp_path):
    def lengths():
        x = tf.placeholder(tf.string, [None], name="x")
        y = tf.placeholder(tf.float32, [None, 1], name="y")
        w = tf.get_variable("w", [])
        out = tf.multiply(tf.cast(tf.strings.length(x), tf.float32), w, name="out")
        tf.losses.mean_squared_error(y[:, 0], out)

    write_model(tmp_path / "m", from_arrays(build_graph(lengths), [np.float32(2)]), {"tfOutput": "out:0"})
    with load_predictor(tmp_path / "m") as predictor:
        assert predictor.predict("abc") == 6.0
        assert predictor.predict(["abc", "", "ab"]).tolist() == [6.0, 0.0, 4.0]


@pytest.mark.parametrize(
    ("x", "error", "message"),
    [
        ([], ValueError, r"shape \(0,\): there is nothing to predict from"),
        (X[:0], ValueError, r"shape \(0, 2\): there is nothing to predict from"),
        ([1.0, 2.0, 3.0], ValueError, "takes 2 values a row, but the features column has 3"),
        ([[1.0], [1.0, 2.0]], ValueError, "its rows have different sizes"),
        ([None, 1.0], TypeError, "of NoneType, float, expected numbers"),
        ({"x": 1.0}, TypeError, "of dict, expected numbers"),
        (np.array([1j, 2j]), TypeError, "of dtype complex128"),
    ],
)  # fmt: skip
def test_what_cannot_be_predicted_from(predictor, x, error, message):
    with pytest.raises(error, match=message):
        predictor.predict(x)


def test_a_tensor_that_is_not_there(saved):
    with pytest.raises(ValueError, match="tfOutput 'oud:0'"):
        load_predictor(saved, tfOutput="oud:0")


def test_it_needs_neither_spark_nor_arrow(saved):
    script = (
        "import sys\n"
        "for name in ('pyspark', 'py4j', 'pyarrow'): sys.modules[name] = None\n"
        "import sparkflow\n"
        f"print(sparkflow.load_predictor({str(saved)!r}).predict([1.0, 0.0]).tolist())\n"
    )
    done = run(script, check=False)
    assert done.stdout == "[1.0, 2.0, 3.0]\n", done.stderr


def test_the_golden_model():
    with load_predictor(GOLDEN) as predictor:
        assert predictor.predict(X).shape == (7,)


def test_the_params_of_a_saved_model_are_all_known():
    assert {param.name for param in _Params().params} == PARAMS


# What is done to a copy of the saved model, and what is said of it.
def cut(path):
    (path / "data" / "weights.bin").write_bytes((path / "data" / "weights.bin").read_bytes()[:-1])


def flip(name):
    def change(path):
        content = bytearray((path / name).read_bytes())
        content[len(content) // 2] ^= 1
        (path / name).write_bytes(content)

    return change


def rewrite(name, **changes):
    def change(path):
        content = json.loads((path / name).read_bytes())
        (path / name).write_text(json.dumps(content | changes))

    return change


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (cut, ValueError, "weights.bin has 23 bytes, but manifest.json says 24"),
        (flip("data/weights.bin"), ValueError, "weights.bin was altered since it was saved"),
        (flip("data/graph.json"), ValueError, "graph.json was altered since it was saved"),
        (rewrite("data/manifest.json", sparkflowVersion="0.9"), ValueError, "manifest.json was altered"),
        (rewrite("data/manifest.json", formatVersion=2), ValueError, "has formatVersion 2, and SparkFlow"),
        (rewrite("data/manifest.json", layout={}), ValueError, "is not a manifest of format 1"),
        (rewrite("data/manifest.json", layout={"weights": [], "state": []}), ValueError,
         "takes 0 bytes of weights.bin, which has 24"),
        (rewrite("metadata/part-00000", uid="other"), ValueError, "metadata was altered"),
        (rewrite("metadata/part-00000", paramMap={"tfInpput": "x:0"}), ValueError,
         r"does not know \(tfInpput\): it was written by a newer SparkFlow"),
        (rewrite("metadata/part-00000", paramMap=1), ValueError, "metadata is damaged"),
        (rewrite("metadata/part-00000", **{"class": "org.apache.spark.ml.PipelineModel"}), ValueError,
         "is a org.apache.spark.ml.PipelineModel, expected a sparkflow.ml.SparkAsyncDLModel"),
        (lambda path: (path / "data" / "graph.json").unlink(), FileNotFoundError, "graph.json is missing"),
        (lambda path: shutil.rmtree(path / "metadata"), FileNotFoundError, "there is no saved model at"),
    ],
)  # fmt: skip
def test_a_damaged_model_is_refused(saved, tmp_path, change, error, message):
    path = tmp_path / "copy"
    shutil.copytree(saved, path)
    change(path)
    with pytest.raises(error, match=message):
        load_predictor(path)


def test_a_pipeline_says_where_its_model_is(saved, tmp_path):
    stages = tmp_path / "p" / "stages"  # a fitted model has the name of its estimator
    shutil.copytree(saved, stages / "10_SparkAsyncDL_ab")
    shutil.copytree(saved, stages / "2_SparkAsyncDL_cd")
    shutil.copytree(saved / "metadata", stages / "11_StandardScaler_ef" / "metadata")
    rewrite("metadata/part-00000", **{"class": "StandardScalerModel"})(stages / "11_StandardScaler_ef")
    shutil.copytree(saved / "metadata", tmp_path / "p" / "metadata")
    rewrite("metadata/part-00000", **{"class": "org.apache.spark.ml.PipelineModel"})(tmp_path / "p")
    with pytest.raises(ValueError, match=r"it has one in .*10_SparkAsyncDL_ab, which takes"):
        load_predictor(tmp_path / "p")


def two_scalars():
    a = tf.placeholder(tf.float32, [None, 1], name="a")
    b = tf.placeholder(tf.float32, [None], name="b")
    y = tf.placeholder(tf.float32, [None, 1], name="y")
    out = tf.identity(a * tf.get_variable("kernel", [1, 1]) + b[:, None], name="out")
    tf.losses.mean_squared_error(y, out)


def test_inputs_of_one_value_a_row_take_as_many_rows_as_there_are_values(tmp_path):
    values = from_arrays(build_graph(two_scalars), [np.full((1, 1), 2.0, np.float32)])
    params = {"inputCols": ["a", "b"], "tfInputs": ["a:0", "b:0"], "tfOutput": "out:0"}
    write_model(tmp_path / "two", values, params)
    with load_predictor(tmp_path / "two") as predictor:
        np.testing.assert_allclose(predictor.predict({"a": [1.0, 2.0], "b": np.array([5.0, 6.0])}), [7, 10])
        np.testing.assert_allclose(predictor.predict({"a": [[1.0], [2.0]], "b": [[5.0], [6.0]]}), [7, 10])
        assert predictor.predict({"a": 1.0, "b": [5.0]}) == 7
        with pytest.raises(ValueError, match="takes 1 value"):
            predictor.predict({"a": Vectors.dense(1, 2), "b": 5.0})
        with pytest.raises(ValueError, match="x has 2, 3 rows for a, b: expected as many"):
            predictor.predict({"a": [1.0, 2.0], "b": [5.0, 6.0, 7.0]})
