"""Gradients and weights through memory that the server maps, too."""

import gc
import os
import tempfile
from pathlib import Path

import numpy as np
import pytest

from ps.fake_server import SECRET, FakeServer
from sparkflow.backend.layout import Layout, Variable
from sparkflow.ps.client import ParameterClient

LAYOUT = Layout((Variable("w", (2, 3)),), ())
WEIGHTS = np.arange(6, dtype=np.float32)
PARTS = [np.ones(4, np.float32), np.full(2, 2, np.float32)]
AFTER = WEIGHTS - np.float32(0.5) * np.array([1, 1, 1, 1, 2, 2], np.float32)


@pytest.fixture
def directory():
    with tempfile.TemporaryDirectory() as made:
        yield Path(made)


def maps(directory):
    return sum(str(directory) in line for line in Path("/proc/self/maps").read_text().splitlines())


def connect(server):
    client = ParameterClient.connect("127.0.0.1", server.port, SECRET)
    client.hello(0, 0, 1, 10)
    return client


def test_a_push_through_shared_memory_does_what_one_over_tcp_does(directory):
    for shared in (None, directory):
        with (
            FakeServer(LAYOUT, WEIGHTS, learning_rate=0.5, shared=shared) as server,
            connect(server) as client,
        ):
            why = client.share()
            assert (why is None) == (shared is not None)
            assert client.pull() == 0
            np.testing.assert_array_equal(client.weights, WEIGHTS)
            client.push(0, 0, 8, 1.0, PARTS)
            assert client.wait() == 1
            np.testing.assert_array_equal(client.weights, AFTER)
            assert client.weights.ctypes.data % 64 == 0
        assert server.shared_pushes == (1 if shared else 0)


def test_the_memory_is_free_when_the_client_is_gone(directory):
    opened = len(os.listdir("/proc/self/fd"))
    with FakeServer(LAYOUT, WEIGHTS, shared=directory) as server:
        client = connect(server)
        assert client.share() is None
        assert maps(directory) > 0
        client.close()
    del client, server
    gc.collect()
    assert maps(directory) == 0
    assert len(os.listdir("/proc/self/fd")) == opened


@pytest.mark.parametrize(
    ("lie", "words"),
    [({"text": "/dev/shm/sparkflow-not-there"}, "sparkflow-not-there"), ({"length": 99}, "99")],
)
def test_a_segment_that_cannot_be_mapped_leaves_the_client_on_tcp(directory, lie, words):
    with FakeServer(LAYOUT, WEIGHTS, learning_rate=0.5, shared=directory, lie=lie) as server:
        with connect(server) as client:
            why = client.share()
            assert words in why
            assert "cannot map" in why
            client.push(0, 0, 8, 1.0, PARTS)
            client.wait()
            np.testing.assert_array_equal(client.weights, AFTER)
        assert server.not_mapped == [why]
        assert server.shared_pushes == 0


def test_parts_that_do_not_fill_the_gradient_are_refused(directory):
    with FakeServer(LAYOUT, WEIGHTS, shared=directory) as server, connect(server) as client:
        client.share()
        with pytest.raises(ValueError, match="5 values, expected 6"):
            client.push(0, 0, 8, 1.0, [np.ones(5, np.float32)])
