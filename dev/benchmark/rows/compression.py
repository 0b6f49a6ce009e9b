"""What the encodings of `compression` cost the driver and save on the wire, against float32."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress

import numpy as np

from benchmark.bench import Bench
from benchmark.interleaved import interleaved
from benchmark.jvm import Jvm
from benchmark.row import Comparison, Row, Sample, Target
from sparkflow.ps.client import ParameterClient

_COUNT = 262_144  # weights: 1 MB
_PUSHES = 1000  # of one measurement of the processor
_COUNTED = 10  # of one measurement of the bytes
_ENCODINGS = ("bf16", "int8", "topk")


def samples(bench: Bench) -> Iterator[tuple[Sample, ...]]:
    # A server of its own for each, as in a fit: the JVM compiles for the encoding that it meets.
    with ExitStack() as stack:
        sides = [_Side(stack.enter_context(Jvm("sparkflow.bench.Serve")), n) for n in ("none", *_ENCODINGS)]
        for side in sides:
            side.processor()
            side.processor()
        moved = [side.bytes_() for side in sides]
        for seconds in interleaved(bench.repeat, *(side.processor for side in sides)):
            processor = [(ours, seconds[0]) for ours in seconds[1:]]
            wire = [(ours, moved[0]) for ours in moved[1:]]
            yield tuple(sample for pair in zip(wire, processor, strict=True) for sample in pair)


class _Side:
    """A server and its one worker, which pushes a gradient of noise and receives the weights."""

    def __init__(self, jvm: Jvm, compression: str) -> None:
        self._jvm, self._compression = jvm, compression

    def processor(self) -> float:
        """Return the driver's seconds of processor time for 1,000 pushes."""
        push = self._pusher()
        push()
        before = self._jvm.ask("cpu")
        for _ in range(_PUSHES):
            push()
        return float(self._jvm.ask("cpu") - before) * 1000 / _PUSHES

    def bytes_(self) -> float:
        """Return the bytes of a push and its answer, both ways, frames included."""
        relay = _Relay()
        push = self._pusher(relay)
        before = relay.bytes
        for _ in range(_COUNTED):
            push()
        return (relay.bytes - before) / _COUNTED

    def _pusher(self, relay: _Relay | None = None) -> Callable[[], None]:
        where = self._jvm.ask(f"serve {_COUNT} gradient_descent")
        port = where["port"] if relay is None else relay.to(where["port"])
        client = ParameterClient.connect("127.0.0.1", port, bytes.fromhex(where["secret"]), timeout=30)
        client.hello(0, 0, 0, 1)
        if self._compression != "none":
            client.compress(self._compression)
        gradient = [np.random.default_rng(0).standard_normal(_COUNT, np.float32)]
        step = 0

        def push() -> None:
            nonlocal step
            client.push(step, step, 1, 0.0, gradient)
            step += 1
            client.wait()

        return push


class _Relay:
    """Passes one connection on and counts its bytes, both ways. Ends with the connection."""

    def __init__(self) -> None:
        self.bytes = 0

    def to(self, port: int) -> int:
        """Return the port that stands for `port` of this machine."""
        listener = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self._accept, args=(listener, port), daemon=True).start()
        return int(listener.getsockname()[1])

    def _accept(self, listener: socket.socket, port: int) -> None:
        with listener:
            near = listener.accept()[0]
        far = socket.create_connection(("127.0.0.1", port))
        threading.Thread(target=self._pass, args=(far, near), daemon=True).start()
        self._pass(near, far)

    def _pass(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(1 << 16):
                # Before it arrives: who has read the answer finds it counted. Request and answer take turns.
                self.bytes += len(data)
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)


def _comparisons(name: str, bytes_: float) -> tuple[Comparison, Comparison]:
    return (
        Comparison("float32", "bytes/step", Target("<=", bytes_), f"{name}, on the wire"),
        Comparison("the same", "CPU s per 1,000 pushes", Target("<=", 2), f"{name}, the driver"),
    )


ROWS = (
    Row(
        "compression",
        "a push of 1 MB over TCP and the weights back, encoded (compression=…)",
        (*_comparisons("bf16", 0.501), *_comparisons("int8", 0.4), *_comparisons("topk", 0.4)),
        samples,
        standard=False,  # two minutes for bytes that are always the same, and for what is only stated
    ),
)
