"""How a gradient leaves and weights arrive: in frames, as they are or encoded, or through shared memory."""

from __future__ import annotations

import mmap
import os
from collections.abc import Sequence
from typing import Protocol

import numpy as np

from sparkflow.ps import wire
from sparkflow.ps.buffers import aligned, floats, places
from sparkflow.ps.compression import Compressor, widen
from sparkflow.ps.connection import Connection


class Exchange(Protocol):
    """Attributes
    ----------
    weights : numpy.ndarray
        float32, one dimension, 64-byte aligned: what the last answer brought. It changes between the sending
        of a gradient and the end of its answer.
    flags : int
        What a `Push` or `PushRows` must have in its flags.
    """

    weights: np.ndarray
    flags: int

    def send(
        self, push: wire.Push | wire.PushRows, gradient: Sequence[np.ndarray], *behind: np.ndarray
    ) -> None:
        """Send what is pushed, which is the parts of `gradient` one after the other.

        What is to come `behind` it in the frame's body does so in any case.
        """
        ...

    def receive(self, length: int, *behind: np.ndarray) -> None:
        """Take over the weights of an answer whose frame has a body of `length` bytes, and what is behind."""
        ...


class TcpExchange:
    """Gradient and weights are the bodies of frames.

    Parameters
    ----------
    count : int
        Values of the weights.
    """

    flags = 0

    def __init__(self, connection: Connection, count: int) -> None:
        self._connection = connection
        self.weights = aligned((count,))

    def send(
        self, push: wire.Push | wire.PushRows, gradient: Sequence[np.ndarray], *behind: np.ndarray
    ) -> None:
        self._connection.send(push, *map(floats, gradient), *behind)

    def receive(self, length: int, *behind: np.ndarray) -> None:
        self._connection.receive_body(length, self.weights, *behind)


class CompressedExchange:
    """Gradient and weights are the bodies of frames; the gradient is encoded, the weights are bfloat16.

    Parameters
    ----------
    weights : numpy.ndarray
        Those that came last, taken over.
    """

    def __init__(self, connection: Connection, weights: np.ndarray, compressor: Compressor) -> None:
        self._connection = connection
        self._compressor = compressor
        self._halves = np.empty(weights.size, np.uint16)
        self.weights = weights
        self.flags = compressor.encoding | wire.BF16_WEIGHTS

    def send(
        self, push: wire.Push | wire.PushRows, gradient: Sequence[np.ndarray], *behind: np.ndarray
    ) -> None:
        self._connection.send(push, *self._compressor.encode(gradient), *behind)

    def receive(self, length: int, *behind: np.ndarray) -> None:
        self._connection.receive_body(length, self._halves, *behind)
        widen(self._halves, self.weights)


class SharedExchange:
    """Gradient and weights are in a segment that the server maps, too; a frame only says that they changed.

    The memory is free once this object and all views of `weights` are gone.

    Raises
    ------
    OSError
        There is no such segment on this machine, or this user may not open it.
    ValueError
        It is not of the size that the server says.
    """

    flags = wire.SHARED

    def __init__(self, connection: Connection, segment: wire.Segment, count: int) -> None:
        self._connection = connection
        descriptor = os.open(segment.text, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
        try:
            size = os.fstat(descriptor).st_size
            if size != segment.length or segment.weights_offset + 4 * count > size:
                raise ValueError(
                    f"{segment.text} has {size} bytes, the server says {segment.length} for {count} weights"
                )
            # Populated at once: page faults would come one by one in the first step.
            memory = mmap.mmap(descriptor, size, flags=mmap.MAP_SHARED | mmap.MAP_POPULATE)
        finally:
            os.close(descriptor)
        self._gradient = np.frombuffer(memory, "<f4", count)
        self.weights = np.frombuffer(memory, "<f4", count, segment.weights_offset)

    def send(
        self, push: wire.Push | wire.PushRows, gradient: Sequence[np.ndarray], *behind: np.ndarray
    ) -> None:
        for part, place in places(gradient, self._gradient):
            place[:] = part
        self._connection.send(push, *behind)

    def receive(self, length: int, *behind: np.ndarray) -> None:
        self._connection.receive_body(length, *behind)
