"""Signs of life: a worker's while it computes, and the server's while the worker waits."""

import socket
import threading

import pytest

from sparkflow.ps import wire
from sparkflow.ps.connection import Connection
from sparkflow.ps.heartbeat import Heartbeat

SECONDS = 0.02


@pytest.fixture
def ends():
    """Both ends of a connection: the worker's, and the server's socket with a file to read from."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        sock = socket.create_connection(listener.getsockname())
        peer, _ = listener.accept()
    worker = Connection(sock)
    worker.wait(10, "test")
    peer.settimeout(10)
    with peer, peer.makefile("rb") as incoming:
        yield worker, peer, incoming
    worker.close()


def next_message(incoming):
    tag, meta_length, _ = wire.decode_header(incoming.read(wire.HEADER.size))
    return wire.decode(tag, incoming.read(meta_length))


def test_a_worker_that_computes_says_that_it_lives(ends):
    worker, _, incoming = ends
    heartbeat = Heartbeat(worker, SECONDS)
    assert [next_message(incoming) for _ in range(3)] == 3 * [wire.Alive()]
    heartbeat.stop()
    assert not [t for t in threading.enumerate() if t.name == "sparkflow-heartbeat"]


def test_a_worker_that_waits_is_silent_and_hears_that_the_server_lives(ends):
    worker, peer, incoming = ends
    worker.send(wire.Pull())
    heartbeat = Heartbeat(worker, SECONDS)
    assert next_message(incoming) == wire.Pull()
    peer.sendall(wire.encode(wire.Alive()))
    peer.settimeout(10 * SECONDS)
    with pytest.raises(TimeoutError):
        peer.recv(1)
    peer.settimeout(10)
    peer.sendall(wire.encode(wire.Alive()) + wire.encode(wire.Weights(3), 4))
    assert worker.receive() == (wire.Weights(3), 4)
    peer.settimeout(10 * SECONDS)
    with pytest.raises(TimeoutError):
        peer.recv(1)  # its answer has begun, not ended
    peer.settimeout(10)
    peer.sendall(bytes(4))
    worker.receive_body(4, bytearray(4))
    heartbeat.stop()
    # Another file: one that has met a timeout reads no more.
    with peer.makefile("rb") as again:
        worker.alive()
        assert next_message(again) == wire.Alive()


def test_a_server_is_waited_for_as_long_as_it_lives(ends):
    worker, peer, _ = ends
    worker.send(wire.Pull())
    worker.wait(0.5, "test")
    over = threading.Event()

    def server():
        while not over.wait(0.05):
            peer.sendall(wire.encode(wire.Alive()))

    thread = threading.Thread(target=server)
    thread.start()
    answer = threading.Timer(1.5, peer.sendall, [wire.encode(wire.Ack(7))])
    answer.start()
    try:
        assert worker.receive() == (wire.Ack(7), 0)
    finally:
        over.set()
        thread.join()
        answer.join()
    worker.send(wire.Pull())
    with pytest.raises(ConnectionError, match=r"nothing moved for 0.5 s \(test\)"):
        worker.receive()


def test_it_ends_with_the_connection(ends):
    worker, peer, incoming = ends
    heartbeat = Heartbeat(worker, SECONDS)
    peer.shutdown(socket.SHUT_RDWR)
    peer.close()
    incoming.close()
    heartbeat._thread.join(10)
    assert not heartbeat._thread.is_alive()
    heartbeat.stop()
