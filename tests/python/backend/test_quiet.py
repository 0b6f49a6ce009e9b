import io
import os
import sys
from pathlib import Path

import pytest

from interpreter import run
from sparkflow.backend.quiet import without_chatter

ABSL = b"E0000 00:00:1763868386.123456    1234 cuda_executor.cc:1228] INTERNAL: Failed call to cuInit\n"
OWN = (
    b"2026-11-23 03:26:26.123456: I external/local_xla/xla/tsl/cuda/cudart_stub.cc:31] Could not find cuda\n"
)


@pytest.mark.skipif(any(Path("/dev").glob("nvidia*")), reason="TensorFlow's words about GPUs are wanted here")
def test_tensorflow_starts_without_a_word():
    code = "from sparkflow.backend.runtime import session, tf; session(tf.Graph(), 1).close(); print(1)"
    done = run(code, without="TF_CPP_MIN_LOG_LEVEL")
    assert (done.stdout, done.stderr) == ("1\n", "")


def test_lines_that_are_no_chatter_come_out(capfd):
    with without_chatter():
        os.write(2, ABSL + b"from another thread\n" + OWN)
    os.write(2, b"after\n")
    assert capfd.readouterr().err == "from another thread\nafter\n"


def test_all_comes_out_if_the_block_raises(capfd):
    def fail():
        with without_chatter():
            os.write(2, ABSL + OWN)
            raise ImportError("libtensorflow.so")

    with pytest.raises(ImportError):
        fail()
    assert capfd.readouterr().err == (ABSL + OWN).decode()


@pytest.mark.parametrize("stderr", [None, object(), io.StringIO()], ids=["none", "odd", "text"])
def test_whatever_stderr_is(stderr, monkeypatch, capfd):
    monkeypatch.setattr(sys, "stderr", stderr)
    with without_chatter():
        os.write(2, ABSL)
    assert capfd.readouterr().err == ""


def test_without_a_descriptor_2():
    code = (
        "import os; os.close(2)\n"
        "from sparkflow.backend.quiet import without_chatter\n"
        "with without_chatter(): print(1)"
    )
    assert run(code, without="TF_CPP_MIN_LOG_LEVEL").stdout == "1\n"
