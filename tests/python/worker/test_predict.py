import json
import struct
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pytest

import sparkflow
from backend.graphs import as_json, inputs, rows
from sparkflow.backend.graph import GraphBackend
from sparkflow.backend.runtime import tf
from sparkflow.worker import predict
from sparkflow.worker.blob import ModelBlob
from sparkflow.worker.predict import Predict
from worker.packing import FEATURES, packed


def build():
    x, y = inputs()
    scale = tf.Variable(np.float64(3.0), trainable=False, name="scale")
    out = tf.matmul(x, tf.get_variable("w", [4, 3])) * tf.cast(scale, tf.float32)
    tf.identity(out, name="out")
    tf.argmax(out, 1, name="class")
    tf.losses.mean_squared_error(y, out)


TEXT = as_json(build)
WEIGHTS = rows(1, 12, seed=9)[0]


def blob(state=2.0):
    layout = json.loads(GraphBackend(TEXT, "x:0", "y:0").layout.to_json())
    sections = [TEXT.encode(), WEIGHTS.tobytes(), struct.pack("<d", state)]
    ends = np.cumsum([0, *map(len, sections)]).tolist()
    places = {
        name: [start, len(s)]
        for name, start, s in zip(("graph", "weights", "state"), ends, sections, strict=False)
    }
    header = json.dumps({"layout": layout} | places).encode()
    return struct.pack("<I", len(header)) + header + b"".join(sections)


class Broadcast:
    """Counts how often the model is read."""

    def __init__(self, data):
        self.data, self.reads = data, 0

    @property
    def value(self):
        self.reads += 1
        return self.data


@pytest.fixture
def broadcasts(monkeypatch):
    registry = {}
    monkeypatch.setattr(predict, "_broadcastRegistry", registry)
    predict._predictors.clear()
    return registry


OUT = {"tensor": "out:0", "vector": True}
CLASS = {"tensor": "class:0", "vector": False}


def spec(**changes):
    base = {
        "version": sparkflow.__version__,
        "broadcast": 3,
        "fingerprint": "ab",
        "inputs": [FEATURES],
        "outputParam": "tfOutput",
        "outputs": [OUT],
        "tfDropout": None,
        "toKeepDropout": False,
        "inferenceBatchSize": 3,
        "threads": 1,
    }
    return json.dumps(base | changes)


def test_vectors_come_out_packed_one_for_each_row_of_each_batch(broadcasts):
    broadcasts[3] = Broadcast(blob())
    features = rows(7, 4)
    batches = [packed(features[:4]), packed(features[:0]), packed(features[4:])]
    out = list(Predict(spec())(iter(batches)))
    assert [len(array) for array in out] == [4, 0, 3]
    assert {array.type for array in out} == {pa.binary()}
    values = np.array([np.frombuffer(row, "<f8") for array in out for row in array.to_pylist()])
    np.testing.assert_allclose(values, 2.0 * features @ WEIGHTS.reshape(4, 3), rtol=1e-5, atol=1e-6)


def test_one_value_comes_out_as_a_double(broadcasts):
    broadcasts[3] = Broadcast(blob())
    features = rows(7, 4)
    out = list(Predict(spec(outputs=[CLASS]))([packed(features), packed(features[:0])]))
    assert [array.type for array in out] == [pa.float64()] * 2
    assert out[0].to_pylist() == (features @ WEIGHTS.reshape(4, 3)).argmax(1).tolist()


def test_several_outputs_come_out_as_structs(broadcasts):
    broadcasts[3] = Broadcast(blob())
    features = rows(7, 4)
    whole, none = Predict(spec(outputs=[CLASS, OUT]))([packed(features), packed(features[:0])])
    product = features @ WEIGHTS.reshape(4, 3)
    assert whole.type == none.type == pa.struct([("0", pa.float64()), ("1", pa.binary())])
    assert (len(whole), len(none)) == (7, 0)
    assert whole.field(0).to_pylist() == product.argmax(1).tolist()
    values = np.array([np.frombuffer(row, "<f8") for row in whole.field(1).to_pylist()])
    np.testing.assert_allclose(values, 2.0 * product, rtol=1e-5, atol=1e-6)


def test_more_values_than_the_one_that_was_declared(broadcasts):
    broadcasts[3] = Broadcast(blob())
    with pytest.raises(ValueError, match="'out:0' gave 3 values a row"):
        list(Predict(spec(outputs=[{**OUT, "vector": False}]))([packed(rows(2, 4))]))


def test_a_session_is_made_once_for_a_model_and_output(broadcasts):
    first = broadcasts[3] = Broadcast(blob())
    again = broadcasts[4] = Broadcast(blob())
    column = packed(rows(2, 4))
    list(Predict(spec())([column, column]))
    list(Predict(spec())([column]))
    list(Predict(spec(broadcast=4))([column]))  # the same model, broadcast once more
    assert (first.reads, again.reads) == (1, 0)
    list(Predict(spec(outputs=[CLASS]))([column]))
    list(Predict(spec(fingerprint="cd"))([column]))
    assert first.reads == 3


def test_the_gpus_of_the_task_are_asked_for(broadcasts, monkeypatch, capsys):
    broadcasts[3] = Broadcast(blob())
    task = SimpleNamespace(resources=lambda: {"gpu": SimpleNamespace(addresses=["7"])})
    monkeypatch.setattr(predict, "TaskContext", SimpleNamespace(get=lambda: task))
    list(Predict(spec())([packed(rows(1, 4))]))
    assert "Spark gave this task GPU 7" in capsys.readouterr().err


def test_the_cache_is_bounded(broadcasts):
    broadcasts[3] = Broadcast(blob())
    for name in "abcdefg":
        list(Predict(spec(fingerprint=name))([packed(rows(1, 4))]))
    assert len(predict._predictors) == predict._KEPT


def test_nothing_is_loaded_for_an_empty_partition(broadcasts):
    assert list(Predict(spec())(iter([]))) == []
    assert [len(a) for a in Predict(spec())([packed(rows(1, 4))[:0]])] == [0]


def test_rows_that_do_not_fit_and_null_rows(broadcasts):
    broadcasts[3] = Broadcast(blob())
    with pytest.raises(ValueError, match="takes 4 values a row, but the features column has 5"):
        list(Predict(spec())([packed(rows(2, 5))]))
    with pytest.raises(ValueError, match="null"):
        list(Predict(spec())([pa.array([None], pa.binary())]))


def test_a_cut_model_is_refused():
    data = blob()
    assert ModelBlob.parse(data).weights.tolist() == WEIGHTS.tolist()
    for size in (0, 3, 100, len(data) - 1):
        with pytest.raises(ValueError, match="the model"):
            ModelBlob.parse(data[:size])


def test_versions_must_agree():
    with pytest.raises(ValueError, match=r"version 0\.1"):
        Predict(spec(version="0.1"))
