"""Frames over a socket: sent from, and received into, the caller's memory, every wait with a deadline."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from sparkflow.ps import wire

# Each deadline is a silence: so many seconds in which not one byte moved. All of a big model may take longer.

# A driver in a long garbage collection still accepts; a firewall that drops packets never does.
CONNECT_SECONDS = 30.0
# The same pause, once connected.
HANDSHAKE_SECONDS = 30.0
# A server that holds an answer back says often that it lives. One whose threads all work on the updates of
# others, of a large model and hundreds of workers, can't; and when the driver is gone, Spark ends its
# workers.
ANSWER_SECONDS = 300.0
# A last word (Failed): the task ends with its own error if nobody listens.
FAREWELL_SECONDS = 10.0


class Connection:
    """One socket that speaks frames. Strictly one request and its answer at a time; only `alive` may be
    called from another thread."""

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock
        self._sending = threading.Lock()
        self._asked = False  # and not yet answered: it is the peer's turn
        self._header = bytearray(wire.HEADER.size)
        self._waiting_for = ""
        self._seconds = 0.0

    def wait(self, seconds: float, waiting_for: str) -> None:
        """Set the deadline of what comes next, and the words for the error when it passes."""
        if seconds != self._seconds:
            self._socket.settimeout(seconds)
        self._seconds, self._waiting_for = seconds, waiting_for

    def send(self, message: wire.Message, *body: Any) -> None:
        """Send a frame whose body is the given buffers, one after the other, without joining them."""
        parts = [memoryview(part).cast("B") for part in body if memoryview(part).nbytes]
        head = wire.encode(message, sum(part.nbytes for part in parts))
        with self._sending:
            self._asked = True
            self._send([memoryview(head), *parts])

    def alive(self) -> None:
        """Say that this side lives, unless it is the peer's turn to."""
        with self._sending:
            if not self._asked:
                self._send([memoryview(wire.encode(wire.Alive()))])

    def _send(self, parts: Sequence[memoryview]) -> None:
        pending = list(parts)
        while pending:
            with self._stated():
                sent = self._socket.sendmsg(pending)
            while pending and sent >= pending[0].nbytes:
                sent -= pending.pop(0).nbytes
            if sent:
                pending[0] = pending[0][sent:]

    def receive(self, limit: int = wire.HEADER.size + wire.MAX_META) -> tuple[wire.Message, int]:
        """Receive header and meta, at most `limit` bytes; return the message and its body's length.

        Signs of life are passed over.
        """
        message, length = self._receive(limit)
        while isinstance(message, wire.Alive):
            message, length = self._receive(limit)
        self._asked = length > 0
        return message, length

    def _receive(self, limit: int) -> tuple[wire.Message, int]:
        self._fill([memoryview(self._header)])
        tag, meta_length, body_length = wire.decode_header(self._header)
        if wire.HEADER.size + meta_length > limit or body_length > wire.MAX_BODY:
            raise wire.ProtocolError(f"a frame of {meta_length} + {body_length} bytes is beyond the limit")
        meta = bytearray(meta_length)
        self._fill([memoryview(meta)])
        return wire.decode(tag, meta), body_length

    def receive_body(self, length: int, *into: Any) -> None:
        """Receive a body of `length` bytes into writable buffers whose sizes must add up to it."""
        views = [memoryview(part).cast("B") for part in into if memoryview(part).nbytes]
        expected = sum(view.nbytes for view in views)
        if length != expected:
            raise wire.ProtocolError(f"the peer sent a body of {length} bytes, expected {expected}")
        self._fill(views)
        self._asked = False

    def close(self) -> None:
        with self._sending:
            self._socket.close()

    def _fill(self, views: Sequence[memoryview]) -> None:
        for view in views:
            got = 0
            while got < view.nbytes:
                with self._stated():
                    count = self._socket.recv_into(view[got:])
                if count == 0:
                    raise ConnectionError(f"the peer closed the connection ({self._waiting_for})")
                got += count

    @contextmanager
    def _stated(self) -> Iterator[None]:
        try:
            yield
        except TimeoutError as error:
            silence = f"nothing moved for {self._seconds:g} s ({self._waiting_for})"
            raise ConnectionError(silence) from error
        except OSError as error:
            raise ConnectionError(f"the connection broke: {error} ({self._waiting_for})") from error
