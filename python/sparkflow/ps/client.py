"""A worker's connection to the parameter server: what docs/protocol.md lets a worker say, one method each."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Any, TypeVar

import numpy as np

from sparkflow.ps import connection, handshake, tls, wire
from sparkflow.ps.buffers import floats
from sparkflow.ps.compression import compressor
from sparkflow.ps.connection import Connection
from sparkflow.ps.exchange import CompressedExchange, Exchange, SharedExchange, TcpExchange
from sparkflow.ps.heartbeat import Heartbeat

FIT_OVER = 4

# A message that a person is to read; a TensorFlow error may quote a whole graph.
_MAX_FAILURE_CHARACTERS = 4000

_M = TypeVar("_M")


class ServerError(Exception):
    """The server answered with an Error frame.

    Attributes
    ----------
    code : int
        One of the codes of docs/protocol.md.
    quiet : bool
        Whether the task has nothing more to do and nothing to complain about: the fit is over. A task that a
        newer attempt has taken over must fail instead: Spark takes the first attempt that succeeds for the
        partition's result and kills the other, which is the one that trains.
    """

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.quiet = code == FIT_OVER


@dataclass(frozen=True)
class Welcome:
    """What a worker starts from.

    Attributes
    ----------
    initialize : bool
        This worker is to make the initial weights; then `layout` and `state` are empty.
    step : int
        The next step that the server expects of this worker in this round.
    version : int
        How many updates the client's `weights` have had.
    layout : str
        The server's layout, JSON.
    state : bytearray
        The state, laid out as `layout` says.
    """

    initialize: bool
    step: int
    version: int
    layout: str
    state: bytearray


class ParameterClient:
    """One connection to the parameter server. Not thread-safe.

    After `push` the one next call must be `wait`; in between the caller may do anything but read `weights`.
    Every method raises `ServerError` when the server answers with an Error frame, and `ConnectionError` when
    the connection breaks or a deadline of `sparkflow.ps.connection` passes.
    """

    def __init__(self, wire_connection: Connection, same_host: bool = False) -> None:
        self._connection = wire_connection
        self._same_host = same_host
        self._exchange: Exchange | None = None
        self._behind: tuple[np.ndarray, ...] = ()  # what comes behind the weights in an answer
        self._heartbeat: Heartbeat | None = None
        self._pushed = False  # and not yet answered
        self._waited = 0.0  # seconds, since the last report

    @property
    def weights(self) -> np.ndarray:
        """The weights as last received, float32, one dimension, 64-byte aligned; only to be read."""
        return self._known.weights

    @property
    def _known(self) -> Exchange:
        if self._exchange is None:
            raise RuntimeError("there are no weights before hello and, if this worker is to, initialize")
        return self._exchange

    @classmethod
    def connect(
        cls,
        host: str,
        port: int,
        secret: bytes,
        certificate: bytes | None = None,
        timeout: float | None = None,
    ) -> ParameterClient:
        """Connect and prove to each other that both know the fit's `secret` (32 bytes).

        With a `certificate` (X.509, DER) all goes through TLS 1.3, to the server that has its key alone.
        `timeout` is for how many seconds the server lets a worker be silent; without it no signs of life are
        given.
        """
        seconds = connection.CONNECT_SECONDS
        try:
            sock = socket.create_connection((host, port), seconds)
        except OSError as error:
            raise ConnectionError(
                f"the worker on {socket.gethostname()} cannot reach the parameter server at {host}:{port} "
                f"({error}): executors must be able to open a TCP connection to the driver; look at "
                "spark.driver.host, the param port and the firewall"
            ) from error
        # A request is one write and waits for its answer: held back for a fuller packet it is only late.
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        # One address on both ends is one network stack, and so most likely one /dev/shm.
        same_host = sock.getsockname()[0] == sock.getpeername()[0]
        try:
            link = Connection(sock) if certificate is None else tls.connect(sock, certificate)
        except BaseException:
            sock.close()
            raise
        client = cls(link, same_host)
        try:
            client._prove(secret)
            if timeout is not None:
                client._heartbeat = Heartbeat(client._connection, timeout / 6)
        except BaseException:
            client.close()
            raise
        return client

    def _prove(self, secret: bytes) -> None:
        link, limit = self._connection, wire.MAX_HANDSHAKE_FRAME
        link.wait(connection.HANDSHAKE_SECONDS, "shaking hands with the parameter server")
        challenge = self._expect(wire.Challenge, *link.receive(limit))
        nonce = os.urandom(handshake.NONCE_BYTES)
        link.send(wire.Answer(nonce, handshake.worker_mac(secret, challenge.nonce, nonce)))
        accept = self._expect(wire.Accept, *link.receive(limit))
        if not handshake.same(accept.mac, handshake.server_mac(secret, challenge.nonce, nonce)):
            raise wire.ProtocolError(
                "the peer is not this fit's parameter server: it does not know the secret"
            )

    def starting(self, round: int, worker: int, attempt: int) -> None:
        """Say who this is, long before `hello` or `absent`: from now on the server misses it if silent."""
        self._acknowledged(wire.Starting(round, worker, attempt))

    def hello(self, round: int, worker: int, attempt: int, rows: int, tables: str = "") -> Welcome:
        """Say who this is; return where to start, once there are weights or this worker is to make them.

        `tables` is for `sparkflow.ps.rows.RowClient`.
        """
        self._connection.wait(connection.ANSWER_SECONDS, "waiting for the first weights of the fit")
        self._connection.send(wire.Hello(round, worker, attempt, rows, tables))
        message, length = self._connection.receive()
        welcome = self._expect(wire.Welcome, message, length, body=True)
        initialize = bool(welcome.flags & wire.INITIALIZE)
        count, state_bytes = (0, 0) if initialize else (welcome.weights, welcome.state_bytes)
        if min(count, state_bytes) < 0 or 4 * count + state_bytes != length:
            raise wire.ProtocolError(
                f"Welcome has {count} weights and {state_bytes} bytes of state, but carries {length} bytes"
            )
        exchange, state = TcpExchange(self._connection, count), bytearray(state_bytes)
        self._connection.receive_body(length, exchange.weights, state)
        if not initialize:
            self._exchange = exchange
        return Welcome(initialize, welcome.step, welcome.version, welcome.layout, state)

    def absent(self, round: int, worker: int, attempt: int) -> None:
        """Say, instead of `hello`, that this worker has no rows and takes no part in the round."""
        self._acknowledged(wire.Hello(round, worker, attempt, 0))

    def initialize(self, layout: str, weights: np.ndarray, state: bytes) -> int:
        """Send the first weights and state of the fit, copied; return the server's version, 0."""
        version = self._acknowledged(wire.Initialize(layout), floats(weights), state)
        exchange = TcpExchange(self._connection, weights.size)
        exchange.weights[:] = weights
        self._exchange = exchange
        return version

    def share(self) -> str | None:
        """Go over to shared memory, if the server is on this host; return None, or why not.

        `weights` is another array afterwards, which has no values before `pull` or an answer to a push.
        """
        if not self._same_host:
            return "the parameter server is on another host"
        self._ask(wire.Share())
        segment = self._expect(wire.Segment, *self._connection.receive())
        if not segment.length:
            return segment.text
        try:
            shared = SharedExchange(self._connection, segment, self.weights.size)
        except (OSError, ValueError) as error:
            why = f"the worker on {socket.gethostname()} cannot map the server's memory: {error}"
            self._acknowledged(wire.Attached(0, why))
            return why
        self._acknowledged(wire.Attached(wire.MAPPED, ""))
        self._exchange = shared
        return None

    def compress(self, name: str) -> None:
        """From now on encode gradients as `name` ("bf16", "int8", "topk") says, and receive bfloat16 weights.

        Weights that are pulled are not: pull before. Raises ValueError for another name. Without effect on
        shared memory, where nothing is encoded, and on rows of tables.
        """
        if isinstance(self._known, TcpExchange):
            weights = self.weights
            self._exchange = CompressedExchange(self._connection, weights, compressor(name, weights.size))

    def pull(self) -> int:
        """Receive the current weights; return their version."""
        self._ask(wire.Pull())
        return self._receive_weights()

    def push(
        self,
        step: int,
        version: int,
        samples: int,
        loss: float,
        gradient: Sequence[np.ndarray],
        change: bool = False,
    ) -> None:
        """Send the gradient of a step; `wait` must follow.

        Parameters
        ----------
        step : int
            0-based, within (round, worker).
        version : int
            The version of the weights that the gradient was taken at.
        samples : int
            Rows in the batch.
        loss : float
            The batch's loss.
        gradient : sequence of numpy.ndarray
            float32, one dimension each; one after the other they are as long as the weights.
        change : bool
            It is no gradient but a change, which the server adds to the weights.
        """
        flags = wire.ANSWER_WEIGHTS | self._known.flags | (wire.CHANGE if change else 0)
        self._deadline("Push")
        with self._last_word():
            self._known.send(wire.Push(step, version, samples, flags, loss), gradient)
        self._pushed = True

    def wait(self) -> int:
        """Receive the weights with the last push in them; return their version."""
        self._pushed = False
        with self._waiting():
            return self._receive_weights()

    def report(self, iteration: int, samples: int, loss: float) -> None:
        """Tell the mean `loss` over the `samples` of an iteration (0-based over all rounds)."""
        waited, self._waited = self._waited, 0.0
        self._acknowledged(wire.Report(iteration, samples, loss, waited))

    def validation(self, iteration: int, samples: int, loss: float, metrics: str) -> None:
        """Tell the mean `loss` over the `samples` that are held out; the iteration's `report` must follow.

        `metrics` is a JSON object: for each metric's name, its total and count.
        """
        self._acknowledged(wire.Validation(iteration, samples, loss, metrics))

    def push_state(self, change: bytes | bytearray, kept: np.ndarray) -> bytearray:
        """Send the change of the state since it was last received; return the merged state.

        Parameters
        ----------
        kept : numpy.ndarray
            float32, for each variable of the state: the part of the value last received that is in it still.
        """
        self._ask(wire.PushState(), change, floats(kept))
        with self._waiting():
            message, length = self._connection.receive()
            self._expect(wire.State, message, length, body=True)
            state = bytearray(len(change))
            self._connection.receive_body(length, state)
        return state

    def done(self) -> None:
        """Say that this worker's round is complete."""
        self._acknowledged(wire.Done())

    def failed(self, message: str) -> None:
        """Say that the fit cannot go on, and why."""
        if self._pushed:
            self.wait()
        self._connection.wait(connection.FAREWELL_SECONDS, "telling the driver of a failure")
        self._connection.send(wire.Failed(message[:_MAX_FAILURE_CHARACTERS]))
        self._expect(wire.Ack, *self._connection.receive())

    def close(self) -> None:
        if self._heartbeat is not None:
            self._heartbeat.stop()
        self._connection.close()

    def __enter__(self) -> ParameterClient:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _ask(self, message: wire.Message, *body: Any) -> None:
        self._deadline(type(message).__name__)
        with self._last_word():
            self._connection.send(message, *body)

    def _deadline(self, name: str) -> None:
        self._connection.wait(connection.ANSWER_SECONDS, f"waiting for the parameter server to answer {name}")

    @contextmanager
    def _waiting(self) -> Iterator[None]:
        begin = time.perf_counter()
        yield
        self._waited += time.perf_counter() - begin

    @contextmanager
    def _last_word(self) -> Iterator[None]:
        try:
            yield
        except ConnectionError:
            # A server that refuses a frame by its header says so and closes before the body is through.
            answer, length = self._connection.receive()
            self._expect(wire.Error, answer, length)
            raise

    def _acknowledged(self, message: wire.Message, *body: Any) -> int:
        self._ask(message, *body)
        return self._expect(wire.Ack, *self._connection.receive()).version

    def _receive_weights(self) -> int:
        message, length = self._connection.receive()
        version = self._expect(wire.Weights, message, length, body=True).version
        self._known.receive(length, *self._behind)
        return version

    def _expect(self, kind: type[_M], message: wire.Message, body_length: int, body: bool = False) -> _M:
        if isinstance(message, wire.Error):
            raise ServerError(message.code, message.message)
        if not isinstance(message, kind):
            raise wire.ProtocolError(f"expected {kind.__name__}, got {type(message).__name__}")
        if body_length and not body:
            raise wire.ProtocolError(f"{kind.__name__} came with a body of {body_length} bytes")
        return message
