"""A worker's connection to the parameter server: what docs/protocol.md lets a worker say, one method each."""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from types import TracebackType
from typing import Any, TypeVar

import numpy as np

from sparkflow.ps import connection, handshake, wire
from sparkflow.ps.buffers import aligned
from sparkflow.ps.connection import Connection, floats

NEWER_ATTEMPT = 3
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
        Whether the task has nothing more to do and nothing to complain about: the fit is over, or a newer
        attempt of this task is at work.
    """

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.quiet = code in (NEWER_ATTEMPT, FIT_OVER)


@dataclass(frozen=True)
class Welcome:
    """What a worker starts from.

    Attributes
    ----------
    initialize : bool
        This worker is to make the initial weights; then `layout`, `weights` and `state` are empty.
    step : int
        The next step that the server expects of this worker in this round.
    version : int
        How many updates the weights have had.
    layout : str
        The server's layout, JSON.
    weights : numpy.ndarray
        float32, one dimension; owned by the caller, who may receive later weights into it.
    state : bytearray
        The state, laid out as `layout` says.
    """

    initialize: bool
    step: int
    version: int
    layout: str
    weights: np.ndarray
    state: bytearray


class ParameterClient:
    """One connection to the parameter server. Not thread-safe.

    Every method raises `ServerError` when the server answers with an Error frame, and `ConnectionError` when
    the connection breaks or a deadline of `sparkflow.ps.connection` passes.
    """

    def __init__(self, wire_connection: Connection) -> None:
        self._connection = wire_connection

    @classmethod
    def connect(cls, host: str, port: int, secret: bytes) -> ParameterClient:
        """Connect and prove to each other that both know the fit's `secret` (32 bytes)."""
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
        client = cls(Connection(sock))
        try:
            client._prove(secret)
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

    def hello(self, round: int, worker: int, attempt: int, rows: int) -> Welcome:
        """Say who this is; return where to start, once there are weights or this worker is to make them."""
        self._connection.wait(connection.WELCOME_SECONDS, "waiting for the first weights of the fit")
        self._connection.send(wire.Hello(round, worker, attempt, rows))
        message, length = self._connection.receive()
        welcome = self._expect(wire.Welcome, message, length, body=True)
        initialize = bool(welcome.flags & wire.INITIALIZE)
        count, state_bytes = (0, 0) if initialize else (welcome.weights, welcome.state_bytes)
        if min(count, state_bytes) < 0 or 4 * count + state_bytes != length:
            raise wire.ProtocolError(
                f"Welcome has {count} weights and {state_bytes} bytes of state, but carries {length} bytes"
            )
        weights, state = aligned((count,)), bytearray(state_bytes)
        self._connection.receive_body(length, weights, state)
        return Welcome(initialize, welcome.step, welcome.version, welcome.layout, weights, state)

    def initialize(self, layout: str, weights: np.ndarray, state: bytes | bytearray) -> int:
        """Send the initial weights and state; return their version."""
        return self._acknowledged(wire.Initialize(layout), floats(weights), state)

    def pull(self, into: np.ndarray) -> int:
        """Receive the current weights `into` a float32 vector; return their version."""
        self._ask(wire.Pull())
        return self._receive_weights(into)

    def push(
        self,
        step: int,
        version: int,
        samples: int,
        loss: float,
        gradient: np.ndarray,
        into: np.ndarray | None = None,
    ) -> int:
        """Send the gradient of a step.

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
        gradient : numpy.ndarray
            float32, as long as the weights.
        into : numpy.ndarray, optional
            Where to receive the updated weights; without it the server only acknowledges.

        Returns
        -------
        int
            The server's version after this update.
        """
        flags = 0 if into is None else wire.ANSWER_WEIGHTS
        message = wire.Push(step, version, samples, flags, loss)
        if into is None:
            return self._acknowledged(message, floats(gradient))
        self._ask(message, floats(gradient))
        return self._receive_weights(into)

    def report(self, iteration: int, samples: int, loss: float) -> None:
        """Tell the mean `loss` over the `samples` of an iteration (0-based over all rounds)."""
        self._acknowledged(wire.Report(iteration, samples, loss))

    def push_state(self, change: bytes | bytearray) -> bytearray:
        """Send the change of the state since it was last received; return the merged state."""
        self._ask(wire.PushState(), change)
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
        self._connection.wait(connection.FAREWELL_SECONDS, "telling the driver of a failure")
        self._connection.send(wire.Failed(message[:_MAX_FAILURE_CHARACTERS]))
        self._expect(wire.Ack, *self._connection.receive())

    def close(self) -> None:
        self._connection.close()

    def __enter__(self) -> ParameterClient:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _ask(self, message: wire.Message, *body: Any) -> None:
        name = type(message).__name__
        self._connection.wait(connection.ANSWER_SECONDS, f"waiting for the parameter server to answer {name}")
        try:
            self._connection.send(message, *body)
        except ConnectionError:
            # A server that refuses a frame by its header says so and closes before the body is through.
            answer, length = self._connection.receive()
            self._expect(wire.Error, answer, length)
            raise

    def _acknowledged(self, message: wire.Message, *body: Any) -> int:
        self._ask(message, *body)
        return self._expect(wire.Ack, *self._connection.receive()).version

    def _receive_weights(self, into: np.ndarray) -> int:
        message, length = self._connection.receive()
        version = self._expect(wire.Weights, message, length, body=True).version
        self._connection.receive_body(length, floats(into))
        return version

    def _expect(self, kind: type[_M], message: wire.Message, body_length: int, body: bool = False) -> _M:
        if isinstance(message, wire.Error):
            raise ServerError(message.code, message.message)
        if not isinstance(message, kind):
            raise wire.ProtocolError(f"expected {kind.__name__}, got {type(message).__name__}")
        if body_length and not body:
            raise wire.ProtocolError(f"{kind.__name__} came with a body of {body_length} bytes")
        return message
