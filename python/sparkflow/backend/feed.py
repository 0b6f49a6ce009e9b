"""From packed rows to what a placeholder takes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

# The `dtype` of a column of strings.
STRINGS = "string"


@dataclass(frozen=True)
class Fed:
    """A column, and the tensor that it feeds.

    Attributes
    ----------
    name : str
        Of the column, for messages: its role and, where several have it, what the user calls it.
    param : str
        What names the tensor, for messages.
    tensor : str
        Its name.
    dtype : str
        In which the column's values come, as numpy calls it; "string" for strings.
    """

    name: str
    param: str
    tensor: str
    dtype: str = "float32"


# The name of a tensor that is the only one of its kind, or all of them.
Tensors = str | Sequence[Fed] | None


def features(tensors: Tensors) -> tuple[Fed, ...]:
    """Return what the features feed."""
    return _feds("features", "tfInput", tensors)


def labels(tensors: Tensors) -> tuple[Fed, ...]:
    """Return what the labels feed."""
    return _feds("label", "tfLabel", tensors)


def sample_weights(tensors: Tensors) -> tuple[Fed, ...]:
    """Return what the rows' weights feed, if anything."""
    return _feds("weight", "tfSampleWeight", tensors)


def _feds(name: str, param: str, tensors: Tensors) -> tuple[Fed, ...]:
    return (Fed(name, param, tensors),) if isinstance(tensors, str) else tuple(tensors or ())


class Feed:
    """The tensor of the graph that one column of rows is fed to.

    Parameters
    ----------
    fed : Fed
    tensor : tf.Tensor
        Its shape's first dimension counts the rows of a batch.
    """

    def __init__(self, fed: Fed, tensor: Any) -> None:
        self.name: str = tensor.name
        self._words = f"{fed.param} '{tensor.name}'"
        self._column = fed.name
        kind = tensor.dtype.base_dtype.name
        if kind in ("resource", "variant"):
            raise ValueError(
                f"{self._words} is of dtype {tensor.dtype.name}: only numbers and strings can be fed"
            )
        self._dtype: Any = tensor.dtype.base_dtype.as_numpy_dtype
        self._is_text = kind == "string"
        self._is_whole = tensor.dtype.base_dtype.is_integer or tensor.dtype.base_dtype.is_bool
        self._shape: list[int | None] | None = None if tensor.shape.rank is None else tensor.shape.as_list()
        if self._shape == []:
            raise ValueError(
                f"{self._words} is a scalar: its first dimension must count the rows, e.g. [None, 10]"
            )

    @property
    def batch(self) -> int | None:
        """The one batch size that the tensor takes; None if it takes any."""
        return self._shape[0] if self._shape else None

    @property
    def width(self) -> int | None:
        """Values of a row; None if the shape does not fix it."""
        row = None if self._shape is None else self._shape[1:]
        return None if row is None or None in row else math.prod(size for size in row if size is not None)

    def rows(self, matrix: Any) -> Any:
        """Return rows of shape (n, k), numbers or strings, as an array of shape (n, …) that the tensor takes.

        Raises
        ------
        ValueError
            If k values do not fill a row of the tensor, or a value is none that the tensor's dtype holds.
        """
        count, width = matrix.shape
        shaped = matrix.reshape(count, *self._row_shape(width))
        is_text = not isinstance(matrix, np.ndarray) or matrix.dtype.kind in "OSU"
        if is_text != self._is_text:
            takes, has = ("strings", "numbers") if self._is_text else ("numbers", "strings")
            raise ValueError(f"{self._words} takes {takes}, but the {self._column} column has {has}")
        if is_text:
            return shaped
        if shaped.dtype == self._dtype or not self._is_whole:
            return shaped.astype(self._dtype, copy=False)
        self._refuse(
            shaped,
            ~np.isfinite(shaped),
            "which is NaN or infinite: replace or drop such values",
        )
        with np.errstate(invalid="ignore"):  # what the dtype does not hold differs below
            cast = shaped.astype(self._dtype)
        self._refuse(
            shaped,
            cast != shaped,
            "which this dtype does not hold: round or rescale the values, or make the placeholder tf.float32",
        )
        return cast

    def _refuse(self, values: np.ndarray, bad: np.ndarray, words: str) -> None:
        """Raise ValueError with the first of `values` that is `bad`, if any is."""
        if bad.any():
            raise ValueError(
                f"{self._words} is of dtype {np.dtype(self._dtype).name}, but the {self._column} column has "
                f"the value {values[bad][0]}, {words}"
            )

    def check_batch(self, count: int) -> None:
        """Raise ValueError if the tensor takes another number of rows at a time than `count`."""
        if self.batch is not None and self.batch != count:
            raise ValueError(
                f"{self._words} takes batches of exactly {self.batch} rows, got {count}: "
                "make the first dimension of the placeholder None"
            )

    def _row_shape(self, width: int) -> list[int]:
        if self._shape is None:
            return [width]
        inner = self._shape[1:]
        unknown = inner.count(None)
        known = int(np.prod([d for d in inner if d is not None]))
        if (width != known) if not unknown else (unknown == 1 and (known == 0 or width % known)):
            values = "1 value" if known == 1 else f"{known} values"
            takes = values if not unknown else f"a multiple of {values}"
            raise ValueError(f"{self._words} takes {takes} a row, but the {self._column} column has {width}")
        if unknown > 1:
            raise ValueError(
                f"{self._words} has shape {self._shape}: only one dimension after the first may be None"
            )
        return [width // known if d is None else d for d in inner]


class Weights(Feed):
    """The one that takes how much each row counts."""

    def rows(self, matrix: Any) -> Any:
        """Do what `Feed.rows` does; raises ValueError, too, if a weight is negative or not finite."""
        bad = ~(np.isfinite(matrix) & (matrix >= 0))
        if bad.any():
            raise ValueError(
                f"sampleWeightCol has the value {matrix[bad][0]}, expected a number of 0 "
                "or more: replace such values"
            )
        return super().rows(matrix)
