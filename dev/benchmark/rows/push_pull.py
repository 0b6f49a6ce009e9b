"""A gradient to the server and the weights back, against nothing but moving as many bytes."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from functools import partial

import numpy as np

from benchmark.bench import Bench
from benchmark.interleaved import interleaved
from benchmark.jvm import Jvm
from benchmark.row import Comparison, Row, Sample, Target
from sparkflow.ps.client import ParameterClient

_SERVE = "sparkflow.bench.Serve"
_MEGA = 262_144  # weights of 1 MB
_LARGE = 100_000_000  # of 400 MB

# Exchanges of one measurement: half a second or more.
_TIMES = {_MEGA: 400, _LARGE: 2}
# Measurements before those that count: the JVM's compiler is at it for some 6,000 exchanges.
_WARM = {_MEGA: 15, _LARGE: 1}

Sides = tuple[Callable[[], float], Callable[[], float]]


def tcp(bench: Bench) -> Iterator[tuple[Sample, ...]]:
    with Jvm(_SERVE) as raw:
        yield from _samples(bench, partial(_through_tcp, raw))


def shm(bench: Bench) -> Iterator[tuple[Sample, ...]]:
    return _samples(bench, _through_memory)


def _samples(bench: Bench, sides: Callable[[Jvm, int], Sides]) -> Iterator[tuple[Sample, ...]]:
    """Measure both sizes; a side returns GB/s, counted both ways."""
    with Jvm(_SERVE) as served:
        figures = []
        for count in (_MEGA, _LARGE):
            both = sides(served, count)
            for _ in range(_WARM[count]):
                for side in both:
                    side()
            figures.append(list(interleaved(bench.repeat, *both)))
    for mega, large in zip(*figures, strict=True):
        yield (mega[0], mega[1]), (large[0], large[1])


def _through_tcp(raw: Jvm, served: Jvm, count: int) -> Sides:
    client = _client(served, count)
    bytes_ = np.full(4 * count, 1, np.uint8)
    sock = socket.create_connection(("127.0.0.1", raw.ask(f"raw {bytes_.size}")["port"]))
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def there_and_back() -> None:
        sock.sendall(bytes_)
        got, view = 0, memoryview(bytes_)
        while got < len(view):
            got += sock.recv_into(view[got:])

    return partial(_rate, count, _exchange(client, count)), partial(_rate, count, there_and_back)


def _through_memory(served: Jvm, count: int) -> Sides:
    client = _client(served, count)
    why = client.share()
    if why is not None:
        raise RuntimeError(f"no shared memory: {why}")
    client.pull()
    # Written once: memory that never was is one page of zeros, in the nearest cache however large the array.
    gradient, weights = np.full(count, 1e-6, np.float32), np.full(count, 1.0, np.float32)
    into = np.full((2, count), 0.0, np.float32)

    def copy() -> None:
        into[0] = gradient
        into[1] = weights

    return partial(_rate, count, _exchange(client, count)), partial(_rate, count, copy)


def _client(served: Jvm, count: int) -> ParameterClient:
    where = served.ask(f"serve {count} gradient_descent")
    secret = bytes.fromhex(where["secret"])
    client = ParameterClient.connect("127.0.0.1", where["port"], secret, timeout=30)
    client.hello(0, 0, 0, 1)
    return client


def _exchange(client: ParameterClient, count: int) -> Callable[[], None]:
    gradient = [np.full(count, 1e-6, np.float32)]
    step = 0

    def push_and_pull() -> None:
        nonlocal step
        client.push(step, step, 1, 0.0, gradient)
        step += 1
        client.wait()

    return push_and_pull


def _rate(count: int, exchange: Callable[[], None]) -> float:
    begin = time.perf_counter()
    for _ in range(_TIMES[count]):
        exchange()
    return 8 * count * _TIMES[count] / (time.perf_counter() - begin) / 1e9


ROWS = (
    Row(
        "push-pull-tcp",
        "push and pull through TCP, the update (gradient descent) included",
        (
            Comparison("a bare socket, JVM to Python, the same bytes", "GB/s", Target(">=", 0.85), "1 MB"),
            Comparison("the same", "GB/s", Target(">=", 0.85), "400 MB"),
        ),
        tcp,
    ),
    Row(
        "push-pull-shm",
        "push and pull through shared memory, the update (gradient descent) included",
        (
            Comparison("numpy copying the same bytes", "GB/s", Target(">=", 0.5), "1 MB"),
            Comparison("the same", "GB/s", Target(">=", 0.5), "400 MB"),
        ),
        shm,
    ),
)
