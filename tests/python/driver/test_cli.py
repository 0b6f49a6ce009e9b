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
        ("graphs.py:nett", "graphs.py has no function 'nett'; it has: lossless, net"),
        ("graphs.py:not_a_function", "graphs.py has no function 'not_a_function'"),
        ("graphs.py:lossless", "the graph of lossless has no loss"),
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


def test_no_command_is_a_usage_error(capsys):
    with pytest.raises(SystemExit) as stopped:
        main([])
    assert stopped.value.code == 2
    assert "usage: python -m sparkflow" in capsys.readouterr().err
