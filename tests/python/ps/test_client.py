import socket
import threading

import numpy as np
import pytest

from ps.fake_server import SECRET, FakeServer
from sparkflow.backend.layout import Layout, StateVariable, Variable
from sparkflow.ps import connection, wire
from sparkflow.ps.buffers import aligned
from sparkflow.ps.client import ParameterClient, ServerError
from sparkflow.ps.connection import Connection

LAYOUT = Layout(
    (Variable("w", (2, 2)),), (StateVariable("mean", (2,), "float64"), StateVariable("n", (), "int64"))
)
WEIGHTS = np.arange(4, dtype=np.float32)
STATE = np.array([0.5, 1.5]).tobytes() + np.array(7).tobytes()


def connect(server, secret=SECRET):
    return ParameterClient.connect("127.0.0.1", server.port, secret)


def scripted(script):
    """Run `script(link)` as the server's side of one connection; return the port."""
    listener = socket.create_server(("127.0.0.1", 0))

    def run():
        sock, _ = listener.accept()
        link = Connection(sock)
        link.wait(10, "test")
        try:
            script(link)
        finally:
            link.close()
            listener.close()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return listener.getsockname()[1]


def test_the_first_worker_initializes_and_the_second_gets_what_it_sent():
    with FakeServer() as server, connect(server) as one, connect(server) as two:
        welcome = one.hello(0, 0, 1, 10)
        assert welcome.initialize
        with pytest.raises(RuntimeError, match="no weights before"):
            one.weights  # noqa: B018
        assert one.initialize(LAYOUT.to_json(), WEIGHTS, STATE) == 0
        second = two.hello(0, 1, 2, 10)
        assert not second.initialize
        assert Layout.from_json(second.layout) == LAYOUT
        np.testing.assert_array_equal(one.weights, WEIGHTS)
        np.testing.assert_array_equal(two.weights, WEIGHTS)
        assert bytes(second.state) == STATE


def test_a_push_is_applied_once_and_answered_with_weights_in_place():
    with FakeServer(LAYOUT, WEIGHTS, STATE, learning_rate=0.5) as server, connect(server) as client:
        client.hello(0, 0, 1, 10)
        gradient = [np.ones(3, np.float32), np.ones(1, np.float32)]
        client.push(0, 0, 8, 1.0, gradient)
        assert client.wait() == 1
        np.testing.assert_array_equal(client.weights, WEIGHTS - 0.5)
        client.push(0, 0, 8, 1.0, gradient)
        assert client.wait() == 1
        client.push(1, 1, 8, 1.0, gradient)
        assert client.wait() == 2
        assert client.pull() == 2
        np.testing.assert_array_equal(client.weights, WEIGHTS - 1)
        client.report(0, 16, 0.75)
        client.done()
    assert [push.step for push in server.pushes] == [0, 1]
    (report,) = server.reports
    assert (report.iteration, report.samples, report.loss) == (0, 16, 0.75)
    assert report.waited > 0
    assert server.done == 1


def test_state_goes_out_as_a_change_and_comes_back_merged():
    with FakeServer(LAYOUT, WEIGHTS, STATE) as server, connect(server) as client:
        base = client.hello(0, 0, 1, 10).state
        now = np.array([1.0, 1.0]).tobytes() + np.array(9).tobytes()
        kept = np.array([0.5, 1.0], np.float32)
        assert client.push_state(LAYOUT.state_change(now, base), kept) == now
    assert server.state == now
    np.testing.assert_array_equal(server.kept, kept)


def test_values_larger_than_the_socket_buffers_arrive_whole():
    size = 3_000_000
    layout = Layout((Variable("w", (size,)),), ())
    weights = np.random.default_rng(0).random(size, np.float32)
    with FakeServer(layout, weights, learning_rate=1.0) as server, connect(server) as client:
        client.hello(0, 0, 1, 1)
        client.push(0, 0, 1, 0.0, [weights[: size // 3], weights[size // 3 :]])
        client.wait()
        np.testing.assert_array_equal(client.weights, np.zeros(size, np.float32))


def test_a_server_error_carries_its_code():
    for code, quiet in ((1, False), (3, False), (4, True), (6, False)):
        with FakeServer(refuse=wire.Error(code, "because")) as server, connect(server) as client:
            with pytest.raises(ServerError, match="because") as raised:
                client.hello(0, 0, 1, 1)
            assert raised.value.code == code
            assert raised.value.quiet is quiet


def test_a_gradient_of_the_wrong_size_is_refused_by_the_server():
    with FakeServer(LAYOUT, WEIGHTS, STATE) as server, connect(server) as client:
        client.hello(0, 0, 1, 1)
        client.push(0, 0, 1, 0.0, [np.zeros(5, np.float32)])
        with pytest.raises(ServerError) as raised:
            client.wait()
        assert raised.value.code == 5


def test_only_float32_vectors_are_sent():
    with FakeServer(LAYOUT, WEIGHTS, STATE) as server, connect(server) as client:
        client.hello(0, 0, 1, 1)
        with pytest.raises(ValueError, match="float64"):
            client.push(0, 0, 1, 0.0, [np.zeros(4)])
        with pytest.raises(ValueError, match="contiguous"):
            client.push(0, 0, 1, 0.0, [np.zeros(8, np.float32)[::2]])


def test_a_worker_with_another_secret_is_refused():
    with FakeServer() as server, pytest.raises(ServerError, match="handshake refused"):
        connect(server, b"x" * 32)


def test_a_server_that_does_not_know_the_secret_is_refused():
    def script(link):
        link.send(wire.Challenge(b"c" * 32))
        link.receive()
        link.send(wire.Accept(b"guess" * 6 + b"ab"))

    with pytest.raises(wire.ProtocolError, match="does not know the secret"):
        ParameterClient.connect("127.0.0.1", scripted(script), SECRET)


def test_a_long_frame_before_the_handshake_is_refused_unread():
    def script(link):
        link.send(wire.Error(2, "x" * 5000))

    with pytest.raises(wire.ProtocolError, match="beyond the limit"):
        ParameterClient.connect("127.0.0.1", scripted(script), SECRET)


def test_nobody_listening_names_address_and_remedy():
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with pytest.raises(ConnectionError, match=f"127.0.0.1:{port}.*spark.driver.host"):
        ParameterClient.connect("127.0.0.1", port, SECRET)


def test_a_silent_server_ends_in_an_error_that_says_what_was_awaited(monkeypatch):
    monkeypatch.setattr(connection, "HANDSHAKE_SECONDS", 0.05)
    release = threading.Event()
    port = scripted(lambda link: release.wait(10))
    with pytest.raises(ConnectionError, match=r"nothing moved for 0.05 s \(shaking hands"):
        ParameterClient.connect("127.0.0.1", port, SECRET)
    release.set()


def test_a_connection_that_ends_says_what_was_awaited():
    with FakeServer(LAYOUT, WEIGHTS, STATE, break_at=0) as server, connect(server) as client:
        client.hello(0, 0, 1, 1)
        client.push(0, 0, 1, 0.0, [client.weights.copy()])
        with pytest.raises(ConnectionError, match="answer Push"):
            client.wait()


def test_a_failure_is_told_after_the_answer_to_a_push_that_is_under_way():
    with FakeServer(LAYOUT, WEIGHTS, STATE) as server, connect(server) as client:
        client.hello(0, 0, 1, 1)
        client.push(0, 0, 1, 0.0, [np.ones(4, np.float32)])
        client.failed("no more rows")
    assert server.failures == ["no more rows"]


def test_arrays_are_aligned_for_tensorflow():
    for shape in ((0,), (3,), (5, 7), (1000, 3)):
        array = aligned(shape)
        assert array.shape == shape
        assert array.dtype == np.float32
        assert array.size == 0 or array.ctypes.data % 64 == 0
        assert array.flags.c_contiguous
        array[...] = 1
