import errno
import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import tensorflow.compat.v1 as tf
from google.protobuf import json_format

import sparkflow
from sparkflow.cli import main

PYTHON = Path(sparkflow.__file__).parents[1]
GRAPHS = """
from sparkflow import tf1 as tf
from neighbour import SIZE

not_a_function = 3

def net():
    x = tf.placeholder(tf.float32, [None, 4], name="x")
    y = tf.placeholder(tf.float32, [None, 1], name="y")
    return tf.losses.mean_squared_error(y, tf.layers.dense(x, SIZE, name="out"))

def lossless():
    tf.placeholder(tf.float32, [None, 4], name="x")

def compiled_without_loss():
    import keras
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
    model.compile("adam")
    return model
"""


@pytest.fixture
def project(tmp_path):
    (tmp_path / "graphs.py").write_text(GRAPHS)
    (tmp_path / "neighbour.py").write_text("SIZE = 1\n")
    return tmp_path


def sparkflow_command(cwd, *arguments):
    environment = {**os.environ, "PYTHONPATH": str(PYTHON)}
    return subprocess.run(
        [sys.executable, "-m", "sparkflow", *arguments],
        capture_output=True,
        text=True,
        cwd=cwd,
        env=environment,
        check=False,
    )


@pytest.mark.parametrize("reference", ["graphs:net", "graphs.py:net"])
def test_graph_writes_a_meta_graph(project, reference):
    done = sparkflow_command(project, "graph", reference, "out.json")
    assert done.returncode == 0, done.stderr
    meta = json_format.Parse((project / "out.json").read_text(encoding="utf-8"), tf.MetaGraphDef())
    assert "out/kernel" in [n.name for n in meta.graph_def.node]
    assert done.stdout.startswith("wrote out.json: ")


def test_version(project):
    done = sparkflow_command(project, "version")
    assert (done.returncode, done.stdout.strip()) == (0, sparkflow.__version__)


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        ("graphs", "'graphs' names no function: expected module:function or file.py:function"),
        (":net", "':net' names no function"),
        ("nowhere.py:net", "there is no file nowhere.py"),
        ("no_such_module:net", "there is no module 'no_such_module'"),
        ("graphs.py:nett", "graphs.py has no function 'nett'; it has: compiled_without_loss, lossless, net"),
        ("graphs.py:not_a_function", "graphs.py has no function 'not_a_function'"),
        ("graphs.py:lossless", "the graph of lossless has no loss"),
        ("graphs.py:compiled_without_loss", "has no loss: give one, such as loss='mse'"),
    ],
)
def test_errors_are_one_line_on_stderr(project, monkeypatch, capsys, reference, message):
    monkeypatch.chdir(project)
    monkeypatch.syspath_prepend(str(project))
    assert main(["graph", reference, "out.json"]) == 1
    error = capsys.readouterr().err
    assert message in error
    assert error.startswith("python -m sparkflow graph: ")
    assert error.count("\n") == 1
    assert not (project / "out.json").exists()


def test_a_file_that_cannot_be_written(project, monkeypatch, capsys):
    monkeypatch.chdir(project)
    assert main(["graph", "graphs.py:net", "no/such/folder/out.json"]) == 1
    assert "cannot write no/such/folder/out.json: No such file or directory" in capsys.readouterr().err


def test_a_module_whose_own_import_fails_says_which(project, monkeypatch):
    monkeypatch.chdir(project)
    (project / "broken.py").write_text("import absent_dependency\n")
    with pytest.raises(ModuleNotFoundError, match="absent_dependency"):
        main(["graph", "broken.py:net", "out.json"])


@pytest.fixture
def frozen(tmp_path):
    with tf.Graph().as_default() as graph:
        x = tf.placeholder(tf.float32, [None, 2], name="x")
        tf.identity(tf.reduce_sum(x, 1), name="total")
        tf.identity(tf.matmul(x, [[2.0], [3.0]]), name="y")
        tf.io.write_graph(graph, str(tmp_path), "line.pb", as_text=False)
    return tmp_path / "line.pb"


def test_model_writes_what_the_jar_loads(frozen, tmp_path, capsys):
    assert main(["model", str(frozen), str(tmp_path / "out"), "--tf-output", "y:0"]) == 0
    assert capsys.readouterr().out == f"wrote {tmp_path / 'out'}: y:0 of x:0\n"
    metadata = json.loads((tmp_path / "out" / "metadata" / "part-00000").read_text())
    assert metadata["class"] == "sparkflow.ml.SparkAsyncDLModel"
    assert metadata["paramMap"] == {"tfInput": "x:0", "tfOutput": "y:0"}
    assert metadata["defaultParamMap"]["predictionCol"] == "predicted"
    listed = (tmp_path / "out" / "data" / "manifest.json").read_bytes()
    manifest = json.loads(listed)
    assert (tmp_path / "out" / "data" / "manifest.sha256").read_text() == hashlib.sha256(listed).hexdigest()
    about = (tmp_path / "out" / "metadata" / "part-00000").read_bytes()
    assert manifest["metadata"] == {"bytes": len(about), "sha256": hashlib.sha256(about).hexdigest()}
    for name in ("graph.json", "weights.bin", "state.bin"):
        content = (tmp_path / "out" / "data" / name).read_bytes()
        assert manifest["files"][name]["bytes"] == len(content)
        assert manifest["files"][name]["sha256"] == hashlib.sha256(content).hexdigest()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["line.pb", "out"], "line.pb has 2 outputs: 'total:0' (float32 [None]), 'y:0'"),
        (
            ["line.pb", "out", "--tf-output", "yy:0"],
            "tfOutput 'yy:0' is no tensor of tensorflowGraph: did you",
        ),
        (["line.pb", "out", "--signature", "serve"], "signature is not for a frozen graph"),
        (["nowhere", "out"], "there is nothing at nowhere: expected the directory of a SavedModel"),
        (["line.pb", "."], "there is something at . already: remove it"),
    ],
)
def test_a_model_that_cannot_be_had(frozen, monkeypatch, capsys, arguments, message):
    monkeypatch.chdir(frozen.parent)
    assert main(["model", *arguments]) == 1
    error = capsys.readouterr().err
    assert error.startswith("python -m sparkflow model: ") and message in error
    assert not Path("out").exists()


def test_a_model_that_cannot_be_written_whole_leaves_nothing(frozen, tmp_path, monkeypatch, capsys):
    def full(self, content):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    folder = tmp_path / "models"
    folder.mkdir()
    assert main(["model", str(frozen), str(folder / "out"), "--tf-output", "y:0"]) == 1
    assert f"cannot write {folder / 'out'}: No space left on device" in capsys.readouterr().err
    assert list(folder.iterdir()) == []


def test_no_command_is_a_usage_error(capsys):
    with pytest.raises(SystemExit) as stopped:
        main([])
    assert stopped.value.code == 2
    assert "usage: python -m sparkflow" in capsys.readouterr().err
