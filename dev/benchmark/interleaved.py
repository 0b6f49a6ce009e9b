"""The order in which the sides of a comparison are measured."""

from __future__ import annotations

from collections.abc import Callable, Iterator


def interleaved(repeat: int, *sides: Callable[[], float]) -> Iterator[tuple[float, ...]]:
    """Measure each side once per repetition; yield what they returned, in the order of `sides`.

    Each repetition begins with another side, so that a machine that gets slower or faster hits all alike.
    """
    count = len(sides)
    for repetition in range(repeat):
        order = [(repetition + k) % count for k in range(count)]
        measured = {side: sides[side]() for side in order}
        yield tuple(measured[side] for side in range(count))
