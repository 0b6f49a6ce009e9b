"""A parameter server in Python: docs/protocol.md with plain SGD, one thread for each connection."""

from __future__ import annotations

import json
import os
import socket
import ssl
import threading
from pathlib import Path
from typing import Any

import numpy as np

from sparkflow.backend.layout import Layout
from sparkflow.ps import handshake, wire
from sparkflow.ps.connection import Connection
from sparkflow.ps.tls import TlsConnection

SECRET = bytes(range(32))


def encoded_bytes(encoding: int, count: int) -> int:
    """Return the bytes of a gradient of `count` values, as docs/protocol.md says."""
    blocks, share = -(-count // 1024), -(-count // 20)
    return {0: 4 * count, 16: 2 * count, 32: 4 * blocks + count, 48: 8 * share}[encoding]


def decoded(encoding: int, body: bytes, count: int) -> np.ndarray:
    """Return the float32 values of an encoded gradient, as docs/protocol.md says, written down anew."""
    if encoding == 16:
        return (np.frombuffer(body, np.uint16).astype(np.uint32) << 16).view(np.float32)
    if encoding == 32:
        blocks = (count + 1023) // 1024
        scales = np.repeat(np.frombuffer(body, np.float32, blocks), 1024)[:count]
        with np.errstate(invalid="ignore"):
            return scales * np.frombuffer(body, np.int8, offset=4 * blocks)
    if encoding == 48:
        indices = np.frombuffer(body, np.int32, len(body) // 8)
        values = np.zeros(count, np.float32)
        values[indices] = np.frombuffer(body, np.float32, offset=4 * len(indices))
        return values
    return np.frombuffer(body, np.float32)


def server_side(sock: socket.socket, pem: Path) -> TlsConnection:
    """Shake hands as a server that has the key and the certificate in this file; raises OSError."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    with sock:
        sock.settimeout(10)
        return TlsConnection(context.wrap_socket(sock, server_side=True))


class FakeServer:
    """Use as a context manager.

    Parameters
    ----------
    layout, weights, state
        What the fit starts from; without them the first worker initializes.
    refuse : wire.Error, optional
        The answer to every Hello.
    over : wire.Error, optional
        The answer to every Starting.
    break_at : int, optional
        The step at which the connection is closed once: after the gradient is applied, before the answer.
    shared : Path, optional
        The directory of the segments that are offered to workers; without it none is.
    lie : dict, optional
        Fields that are wrong in each Segment.
    tls : Path, optional
        PEM file of the key and the certificate to encrypt with.
    """

    def __init__(
        self,
        layout: Layout | None = None,
        weights: np.ndarray | None = None,
        state: bytes = b"",
        learning_rate: float = 0.1,
        refuse: wire.Error | None = None,
        over: wire.Error | None = None,
        break_at: int | None = None,
        secret: bytes = SECRET,
        shared: Path | None = None,
        lie: dict[str, Any] | None = None,
        tls: Path | None = None,
    ) -> None:
        self.layout, self.state = layout, state
        self.weights = None if weights is None else weights.copy()
        self.rate = np.float32(learning_rate)
        self.refuse, self.over, self.break_at, self.secret = refuse, over, break_at, secret
        self.version = 0
        self.steps: dict[tuple[int, int], int] = {}
        self.pushes: list[wire.Push] = []
        self.reports: list[wire.Report] = []
        self.validations: list[wire.Validation] = []
        self.failures: list[str] = []
        self.starting: list[wire.Starting] = []
        self.hellos: list[wire.Hello] = []
        self.done = 0
        self.kept = np.empty(0, np.float32)  # of the last PushState
        self.asked: list[np.ndarray] = []  # numbers of rows, of all workers
        self.shared, self.lie, self.tls = shared, lie or {}, tls
        self.shared_pushes = 0
        self.not_mapped: list[str] = []
        self._lock = threading.Condition()
        self._chosen = False
        self._connection = threading.local()  # key: (round, worker)
        self._threads: list[threading.Thread] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]

    def __enter__(self) -> FakeServer:
        thread = threading.Thread(target=self._accept)
        thread.start()
        self._threads.append(thread)
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(10)

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            thread = threading.Thread(target=self._serve, args=(sock,))
            thread.start()
            self._threads.append(thread)

    def _serve(self, sock: socket.socket) -> None:
        try:
            link = Connection(sock) if self.tls is None else server_side(sock, self.tls)
        except OSError:
            return  # no handshake came about
        link.wait(10, "test")
        try:
            if self._shake_hands(link):
                while self._answer(link):
                    pass
        except ConnectionError:
            pass
        finally:
            link.close()

    def _shake_hands(self, link: Connection) -> bool:
        nonce = os.urandom(32)
        link.send(wire.Challenge(nonce))
        answer, _ = link.receive()
        assert isinstance(answer, wire.Answer)
        if answer.mac != handshake.worker_mac(self.secret, nonce, answer.nonce):
            link.send(wire.Error(2, "handshake refused"))
            return False
        link.send(wire.Accept(handshake.server_mac(self.secret, nonce, answer.nonce)))
        return True

    def _answer(self, link: Connection) -> bool:
        request, length = link.receive()
        body = bytearray(length)
        link.receive_body(length, body)
        return bool(getattr(self, f"_on_{type(request).__name__.lower()}")(link, request, body))

    def _on_starting(self, link: Connection, starting: wire.Starting, _: Any) -> bool:
        with self._lock:
            self.starting.append(starting)
        link.send(self.over or wire.Ack(self.version))
        return self.over is None

    def _on_hello(self, link: Connection, hello: wire.Hello, _: Any) -> bool:
        self._connection.key = (hello.round, hello.worker)
        self._connection.hello = hello
        with self._lock:
            self.hellos.append(hello)
            if self.refuse:
                link.send(self.refuse)
                return False
            if hello.rows == 0:
                link.send(wire.Ack(self.version))
                return True
            if self.weights is None and not self._chosen:
                self._chosen = True
                link.send(wire.Welcome(wire.INITIALIZE, 0, 0, 0, 0, ""))
                return True
            assert self._lock.wait_for(lambda: self.weights is not None, 10)
            assert self.layout is not None
            assert self.weights is not None
            step = self.steps.get(self._connection.key, 0)
            weights = self.weights[self._dense(hello)]
            text = self.layout.to_json()
            message = wire.Welcome(0, step, self.version, len(weights), len(self.state), text)
            link.send(message, weights, self.state)
        return True

    def _dense(self, hello: wire.Hello) -> np.ndarray:
        """Return where the weights lie that are of no table of the worker's; sets where its rows do."""
        assert self.layout is not None
        names = json.loads(hello.tables or "[]")
        numbers = np.arange(self.layout.weight_count)
        views = dict(
            zip((v.name for v in self.layout.weights), self.layout.weight_views(numbers), strict=True)
        )
        self._connection.places = [row.reshape(-1) for name in names for row in views.pop(name)]
        self._connection.dense = np.concatenate([numbers[:0], *(view.reshape(-1) for view in views.values())])
        self._connection.held = numbers[:0]
        return self._connection.dense

    def _rows(self, body: bytes | bytearray) -> np.ndarray:
        numbers = np.frombuffer(body, np.int32)
        assert (np.diff(numbers) > 0).all()
        self.asked.append(numbers)
        return np.concatenate([np.empty(0, np.int64), *(self._connection.places[n] for n in numbers)])

    def _on_pullrows(self, link: Connection, _: wire.PullRows, body: bytearray) -> bool:
        self._connection.held = self._rows(body)
        self._send_weights(link)
        return True

    def _on_pushrows(self, link: Connection, push: wire.PushRows, body: bytearray) -> bool:
        dense, held = self._connection.dense, self._connection.held
        whole = np.zeros_like(self.weights)
        if push.flags & wire.SHARED:
            whole[dense] = self._connection.memory[: 4 * len(dense)].view(np.float32)
            self.shared_pushes += 1
        else:
            encoding = push.flags & 0x30
            size = encoded_bytes(encoding, len(dense))
            whole[dense] = decoded(encoding, bytes(body[:size]), len(dense))
            body = body[size:]
        whole[held] = np.frombuffer(body[: 4 * len(held)], np.float32)
        self._connection.held = self._rows(body[4 * len(held) :])
        flags = wire.ANSWER_WEIGHTS | (push.flags & ~wire.SHARED)
        return self._apply(link, wire.Push(push.step, push.version, push.samples, flags, push.loss), whole)

    def _on_initialize(self, link: Connection, message: wire.Initialize, body: bytearray) -> bool:
        with self._lock:
            self.layout = Layout.from_json(message.layout)
            size = 4 * self.layout.weight_count
            self.weights = np.frombuffer(body[:size], np.float32).copy()
            self.initial = self.weights.copy()
            self._dense(self._connection.hello)
            self.state = bytes(body[size:])
            self._lock.notify_all()
        link.send(wire.Ack(0))
        return True

    def _on_pull(self, link: Connection, _: wire.Pull, __: Any) -> bool:
        self._send_weights(link)
        return True

    def _on_share(self, link: Connection, _: wire.Share, __: Any) -> bool:
        if self.shared is None:
            link.send(wire.Segment(0, 0, "this server shares nothing"))
            return True
        size = 4096 + 4 * len(self._connection.dense)
        path = self.shared / f"segment-{self._connection.key[1]}"
        path.write_bytes(bytes(size))
        self._connection.path = path
        link.send(wire.Segment(**{"length": size, "weights_offset": 4096, "text": str(path)} | self.lie))
        return True

    def _on_attached(self, link: Connection, attached: wire.Attached, _: Any) -> bool:
        if attached.flags & wire.MAPPED:
            self._connection.memory = np.memmap(self._connection.path, np.uint8, "r+")
        else:
            self.not_mapped.append(attached.reason)
        self._connection.path.unlink()
        link.send(wire.Ack(self.version))
        return True

    def _send_weights(self, link: Connection, halves: bool = False) -> None:
        memory = getattr(self._connection, "memory", None)
        weights, rows = self.weights, []
        if self._connection.places:
            weights, rows = self.weights[self._connection.dense], [self.weights[self._connection.held]]
        if halves:
            # Cut off, not rounded: a worker must not mind.
            weights = (weights.view(np.uint32) >> 16).astype(np.uint16)
        if memory is None:
            link.send(wire.Weights(self.version), weights, *rows)
        else:
            memory[4096:] = weights.view(np.uint8)
            link.send(wire.Weights(self.version), *rows)

    def _on_push(self, link: Connection, push: wire.Push, body: bytearray) -> bool:
        if push.flags & wire.SHARED:
            body = bytearray(self._connection.memory[: self.weights.nbytes])
            self.shared_pushes += 1
        return self._apply(link, push, decoded(push.flags & 0x30, bytes(body), len(self.weights)))

    def _apply(self, link: Connection, push: wire.Push, pushed: np.ndarray) -> bool:
        with self._lock:
            expected = self.steps.get(self._connection.key, 0)
            if push.step > expected or len(pushed) != len(self.weights):
                link.send(wire.Error(5 if push.step <= expected else 1, "gap or wrong size"))
                return False
            if push.step == expected:
                self.weights += pushed if push.flags & wire.CHANGE else -self.rate * pushed
                self.steps[self._connection.key] = expected + 1
                self.version += 1
                self.pushes.append(push)
            if self.break_at == push.step:
                self.break_at = None
                return False
            if push.flags & wire.ANSWER_WEIGHTS:
                self._send_weights(link, bool(push.flags & wire.BF16_WEIGHTS))
            else:
                link.send(wire.Ack(self.version))
        return True

    def _on_report(self, link: Connection, report: wire.Report, _: Any) -> bool:
        self.reports.append(report)
        link.send(wire.Ack(self.version))
        return True

    def _on_validation(self, link: Connection, validation: wire.Validation, _: Any) -> bool:
        self.validations.append(validation)
        link.send(wire.Ack(self.version))
        return True

    def _on_pushstate(self, link: Connection, _: wire.PushState, body: bytearray) -> bool:
        assert self.layout is not None
        change, self.kept = body[: len(self.state)], np.frombuffer(body, np.float32, offset=len(self.state))
        pairs = zip(self.layout.state_views(self.state), self.layout.state_views(change), strict=True)
        self.state = b"".join((old + change).tobytes() for old, change in pairs)
        link.send(wire.State(), self.state)
        return True

    def _on_done(self, link: Connection, _: wire.Done, __: Any) -> bool:
        self.done += 1
        link.send(wire.Ack(self.version))
        return True

    def _on_failed(self, link: Connection, failed: wire.Failed, _: Any) -> bool:
        self.failures.append(failed.message)
        link.send(wire.Ack(self.version))
        return True
