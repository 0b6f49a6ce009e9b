"""What a gradient is made of on its way to the server, and weights on their way back: see docs/protocol.md.

`Int8` and `TopK` add what one push leaves out to the next: error feedback (Seide et al., "1-Bit Stochastic
Gradient Descent", 2014; Karimireddy et al., arXiv:1901.09847). The residual is float32, lives in the worker's
task and starts at zero with each attempt, so what an attempt that broke had left out is lost.

No encoding turns a value that is not finite into one that is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np

from sparkflow.ps import wire
from sparkflow.ps.buffers import places

# Values of a block of int8, which have one scale.
_BLOCK = 1024
# One value in so many is sent as it is, by topk.
_SHARE = 20
# A scale below it counts as zero: the quotient of a value and a subnormal scale might not fit a byte.
_SMALLEST = np.finfo(np.float32).smallest_normal


class Compressor(Protocol):
    """Attributes
    ----------
    encoding : int
        What a `Push` says of its body, in its flags.
    """

    encoding: int

    def encode(self, gradient: Sequence[np.ndarray]) -> list[np.ndarray]:
        """Return the body of a `Push`; the arrays are the compressor's own, until the next call.

        Parameters
        ----------
        gradient : sequence of numpy.ndarray
            float32, one dimension each, one after the other; only read.

        Raises
        ------
        ValueError
            It has not as many values as the weights.
        """
        ...


class Bf16:
    """Each value rounded to the nearest bfloat16, ties to even."""

    encoding = wire.BF16

    def __init__(self, count: int) -> None:
        self._room = np.empty(count, np.uint32)
        self._halves = np.empty(count, np.uint16)

    def encode(self, gradient: Sequence[np.ndarray]) -> list[np.ndarray]:
        for part, room, halves in places(gradient, self._room, self._halves):
            bits = part.view(np.uint32)
            np.right_shift(bits, 16, out=room)
            room &= 1
            room += 0x7FFF
            room += bits
            halves[:] = room.view(np.uint16)[1::2]
            # The sum of some NaNs' bits overflows to a zero.
            if np.isnan(part.max(initial=0)):
                halves[np.isnan(part)] = 0x7FC0
        return [self._halves]


class Int8:
    """Each block of values as bytes times its own scale, the largest magnitude / 127; with error feedback."""

    encoding = wire.INT8

    def __init__(self, count: int) -> None:
        blocks = -(-count // _BLOCK)
        self._total = np.zeros((blocks, _BLOCK), np.float32)
        self._rounded = np.empty_like(self._total)
        self._codes = np.empty((blocks, _BLOCK), np.int8)
        self._count = count

    def encode(self, gradient: Sequence[np.ndarray]) -> list[np.ndarray]:
        total, rounded = self._total, self._rounded
        for part, left in places(gradient, total.ravel()[: self._count]):
            left += part
        scales = np.maximum(total.max(axis=1), -total.min(axis=1)) / np.float32(127)
        scales[scales < _SMALLEST] = 0
        # A block that is not finite has such a scale, which speaks for the block whatever its bytes are.
        with np.errstate(divide="ignore", invalid="ignore"):
            inverse = np.where(scales == 0, np.float32(0), 1 / scales)
            np.multiply(total, inverse[:, None], out=rounded)
            np.rint(rounded, out=rounded)
            np.copyto(self._codes, rounded, casting="unsafe")
            rounded *= scales[:, None]
            total -= rounded
        return [scales, self._codes.ravel()[: self._count]]


class TopK:
    """The 5 % with the largest magnitudes, at least one, as indices and values; the others by error feedback.

    Aji and Heafield, "Sparse Communication for Distributed Gradient Descent", arXiv:1704.05021; Stich et al.,
    "Sparsified SGD with Memory", arXiv:1809.07599.
    """

    encoding = wire.TOPK

    def __init__(self, count: int) -> None:
        self._total = np.zeros(count, np.float32)
        self._magnitudes = np.empty_like(self._total)
        self._sent = -(-count // _SHARE)

    def encode(self, gradient: Sequence[np.ndarray]) -> list[np.ndarray]:
        total = self._total
        for part, left in places(gradient, total):
            left += part
        np.abs(total, out=self._magnitudes)
        # NaN sorts behind every number, so it goes first.
        least = len(total) - self._sent
        indices = np.argpartition(self._magnitudes, least)[least:] if self._sent else np.empty(0, np.int64)
        indices = np.sort(indices.astype(np.int32))
        values = total[indices]
        total[indices] = 0
        return [indices, values]


_COMPRESSORS: dict[str, Callable[[int], Compressor]] = {"bf16": Bf16, "int8": Int8, "topk": TopK}


def compressor(name: str, count: int) -> Compressor:
    """Return a new one for gradients of `count` values.

    Raises
    ------
    ValueError
        There is none of this name.
    """
    if name not in _COMPRESSORS:
        raise ValueError(f"compression is {name!r}, expected 'none' or one of {', '.join(_COMPRESSORS)}")
    return _COMPRESSORS[name](count)


def widen(halves: np.ndarray, into: np.ndarray) -> None:
    """Write what the bfloat16 `halves` (uint16) stand for to `into` (float32), a vector of the same size."""
    np.left_shift(halves, np.uint32(16), out=into.view(np.uint32))
