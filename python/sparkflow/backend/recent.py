"""What a worker process keeps from one task to the next: the few things that were used last."""

from __future__ import annotations

from collections import OrderedDict
from typing import TypeVar

_K = TypeVar("_K")
_V = TypeVar("_V")


class Recent(OrderedDict[_K, _V]):
    """A dictionary of at most `most` entries.

    What is dropped is not closed: whoever has found it may still be using it.
    """

    def __init__(self, most: int) -> None:
        super().__init__()
        self._most = most

    def find(self, key: _K) -> _V | None:
        """Return the entry, if there is one, which then is the last to be dropped."""
        if key not in self:
            return None
        self.move_to_end(key)
        return self[key]

    def keep(self, key: _K, value: _V) -> None:
        """Set the entry; drop those beyond `most` that were not found or set for longest."""
        self[key] = value
        self.move_to_end(key)
        while len(self) > self._most:
            self.popitem(last=False)
