"""A worker's side of TLS. The certificates in tests/fixtures/tls are such as FitCertificate makes."""

import queue
import socket
import ssl
import threading
from pathlib import Path

import numpy as np
import pytest

from ps.fake_server import SECRET, FakeServer, server_side
from sparkflow.backend.layout import Layout, Variable
from sparkflow.ps import connection, wire
from sparkflow.ps.client import ParameterClient, ServerError

TLS = Path(__file__).parents[2] / "fixtures" / "tls"
FIT, OTHER = TLS / "fit.pem", TLS / "other.pem"

# A gradient of several slices and many records, of a size that is no multiple of either.
COUNT = 600_001
LAYOUT = Layout((Variable("w", (COUNT,)),), ())
WEIGHTS = np.arange(COUNT, dtype=np.float32)


def der(pem: Path) -> bytes:
    text = pem.read_text()
    return ssl.PEM_cert_to_DER_cert(text[text.index("-----BEGIN CERTIFICATE") :])


def connect(port, pinned=FIT, secret=SECRET):
    return ParameterClient.connect("127.0.0.1", port, secret, der(pinned))


def scripted(script):
    """Run `script(socket)` in a thread as the peer of one connection; return the port."""
    listener = socket.create_server(("127.0.0.1", 0))

    def run():
        sock, _ = listener.accept()
        with sock, listener:
            script(sock)

    threading.Thread(target=run, daemon=True).start()
    return listener.getsockname()[1]


def test_values_come_through_as_they_are_both_ways():
    with FakeServer(LAYOUT, WEIGHTS, learning_rate=1.0, tls=FIT) as server, connect(server.port) as client:
        client.hello(0, 0, 1, 1)
        np.testing.assert_array_equal(client.weights, WEIGHTS)
        at = client.weights.ctypes.data
        client.push(0, 0, 1, 0.5, [WEIGHTS[:7], WEIGHTS[7:]])
        assert client.wait() == 1
        np.testing.assert_array_equal(client.weights, np.zeros(COUNT))
        assert client.weights.ctypes.data == at


def test_signs_of_life_keep_between_the_frames():
    with FakeServer(LAYOUT, WEIGHTS, learning_rate=1.0, tls=FIT) as server:
        often = 0.006  # a sign each millisecond
        with ParameterClient.connect("127.0.0.1", server.port, SECRET, der(FIT), often) as client:
            client.hello(0, 0, 1, 1)
            for step in range(5):
                threading.Event().wait(0.01)  # computes
                client.push(step, step, 1, 0.5, [np.ones(COUNT, np.float32)])
                client.wait()
            np.testing.assert_array_equal(client.weights, WEIGHTS - 5)
            client.done()
    assert len(server.pushes) == 5


def test_segments_are_shared_beside_an_encrypted_wire(tmp_path):
    with FakeServer(LAYOUT, WEIGHTS, shared=tmp_path, tls=FIT) as server, connect(server.port) as client:
        client.hello(0, 0, 1, 1)
        assert client.share() is None


def test_it_is_tls_1_3():
    versions = queue.Queue()

    def script(sock):
        versions.put(server_side(sock, FIT)._socket.version())

    with pytest.raises(ConnectionError, match="closed the connection"):
        connect(scripted(script))
    assert versions.get(timeout=10) == "TLSv1.3"


def test_a_server_of_an_older_tls_is_refused():
    def script(sock):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(FIT)
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        with pytest.raises(ssl.SSLError):
            context.wrap_socket(sock, server_side=True)

    with pytest.raises(wire.ProtocolError, match=r"does not answer in TLS 1\.3"):
        connect(scripted(script))


def test_somebody_between_with_a_certificate_of_his_own_learns_nothing():
    learnt = queue.Queue()

    def script(sock):
        try:
            learnt.put(server_side(sock, OTHER)._socket.recv(1))
        except OSError as error:
            learnt.put(error)

    with pytest.raises(wire.ProtocolError, match="not this fit's parameter server: its certificate"):
        connect(scripted(script))
    assert isinstance(learnt.get(timeout=10), ssl.SSLError), "an alert is all that the worker says"


def test_the_secret_is_still_proved_by_both():
    refused = pytest.raises(ServerError, match="handshake refused")
    with FakeServer(LAYOUT, WEIGHTS, tls=FIT) as server, refused:
        connect(server.port, secret=b"x" * 32)


def test_a_server_that_does_not_encrypt_is_refused():
    refused = pytest.raises(wire.ProtocolError, match=r"does not answer in TLS 1\.3")
    with FakeServer(LAYOUT, WEIGHTS) as server, refused:
        connect(server.port)


def test_a_silent_server_is_given_up_at_the_deadline(monkeypatch):
    monkeypatch.setattr(connection, "CONNECT_SECONDS", 0.05)
    release = threading.Event()
    with pytest.raises(ConnectionError, match=r"did not shake hands within 0\.05 s"):
        connect(scripted(lambda sock: release.wait(10)))
    release.set()


def test_a_server_that_hangs_up_in_the_handshake():
    with pytest.raises(ConnectionError):
        connect(scripted(lambda sock: sock.recv(1)))
