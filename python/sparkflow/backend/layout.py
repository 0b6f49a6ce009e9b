"""Which variables a model's flat weights and state are made of; the JSON is that of docs/protocol.md."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

# The dtypes that state may have; a variable of a dtype that is not kept as one is not part of the model.
STATE_DTYPES = ("float32", "float64", "int32", "int64")


def kept_as(dtype: str) -> str | None:
    """The dtype in which state of a variable's dtype is kept; None if it is not."""
    return "float32" if dtype in ("float16", "bfloat16") else dtype if dtype in STATE_DTYPES else None


@dataclass(frozen=True)
class Variable:
    """A trainable variable: `size` float32 values of the weights, whatever its dtype in the graph."""

    name: str
    shape: tuple[int, ...]

    @property
    def size(self) -> int:
        return math.prod(self.shape)


@dataclass(frozen=True)
class StateVariable(Variable):
    """A variable that is kept with the model but not trained."""

    dtype: str

    @property
    def nbytes(self) -> int:
        return self.size * np.dtype(self.dtype).itemsize


@dataclass(frozen=True)
class Layout:
    """The variables of a model, in the order in which their values are concatenated."""

    weights: tuple[Variable, ...]
    state: tuple[StateVariable, ...]

    @property
    def weight_count(self) -> int:
        return sum(variable.size for variable in self.weights)

    @property
    def state_bytes(self) -> int:
        return sum(variable.nbytes for variable in self.state)

    def to_json(self) -> str:
        weights = [{"name": v.name, "shape": list(v.shape)} for v in self.weights]
        state = [{"name": v.name, "shape": list(v.shape), "dtype": v.dtype} for v in self.state]
        return json.dumps({"weights": weights, "state": state})

    @classmethod
    def from_json(cls, text: str) -> Layout:
        """Read what `to_json` writes; raises ValueError for anything else."""
        try:
            fields = json.loads(text)
            layout = cls(
                tuple(Variable(v["name"], tuple(v["shape"])) for v in fields["weights"]),
                tuple(StateVariable(v["name"], tuple(v["shape"]), v["dtype"]) for v in fields["state"]),
            )
        except (TypeError, KeyError) as error:
            raise ValueError(f"not the layout of a model ({error!r}): {text[:200]}") from error
        for variable in layout.state:
            if variable.dtype not in STATE_DTYPES:
                raise ValueError(f"state variable {variable.name!r} has dtype {variable.dtype!r}")
        return layout

    def weight_views(self, weights: np.ndarray) -> list[np.ndarray]:
        """Cut flat float32 `weights` into one view for each variable."""
        if weights.size != self.weight_count:
            raise ValueError(f"the model has {self.weight_count} weights, got {weights.size}")
        ends = np.cumsum([variable.size for variable in self.weights])
        return [
            weights[end - variable.size : end].reshape(variable.shape)
            for variable, end in zip(self.weights, ends, strict=True)
        ]

    def state_views(self, state: bytes | bytearray | memoryview) -> list[np.ndarray]:
        """Cut `state` into one array for each variable; they share its memory."""
        if len(state) != self.state_bytes:
            raise ValueError(f"the model has {self.state_bytes} bytes of state, got {len(state)}")
        views, start = [], 0
        for variable in self.state:
            flat = np.frombuffer(state, variable.dtype, variable.size, start)
            views.append(flat.reshape(variable.shape))
            start += variable.nbytes
        return views

    def state_of(self, values: Sequence[np.ndarray]) -> bytes:
        """Return the state that these values of its variables make; the reverse of `state_views`."""
        return b"".join(
            np.asarray(value).astype(np.dtype(variable.dtype).newbyteorder("<"), copy=False).tobytes()
            for variable, value in zip(self.state, values, strict=True)
        )

    def state_change(self, state: bytes | bytearray, base: bytes | bytearray) -> bytes:
        """Return `state` minus `base`, laid out as they are; integers wrap around."""
        pairs = zip(self.state_views(state), self.state_views(base), strict=True)
        return b"".join((new - old).tobytes() for new, old in pairs)

    def difference(self, other: Layout) -> str | None:
        """Return in words the first variable in which `other` differs from this layout; None if none does."""
        for mine, theirs in ((self.weights, other.weights), (self.state, other.state)):
            for index in range(max(len(mine), len(theirs))):
                ours = _words(mine, index)
                yours = _words(theirs, index)
                if ours != yours:
                    return f"the graph has {ours} where the weights have {yours}"
        return None


def _words(variables: tuple[Variable, ...], index: int) -> str:
    if index >= len(variables):
        return "no more variables"
    variable = variables[index]
    dtype = f" of {variable.dtype}" if isinstance(variable, StateVariable) else ""
    return f"'{variable.name}' {list(variable.shape)}{dtype}"
