"""Gradients that are cut down to size before they leave the graph."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sparkflow.backend.runtime import tf


@dataclass(frozen=True)
class Clip:
    """At most one of these is above 0; 0 leaves gradients as they are.

    Attributes
    ----------
    norm : float
        Of all variables together, as `tf.clip_by_global_norm`; Keras' `global_clipnorm`.
    variable_norm : float
        Of each variable, as `tf.clip_by_norm`; Keras' `clipnorm`.
    value : float
        Of each element, as `tf.clip_by_value` from -value to value; Keras' `clipvalue`.
    """

    norm: float = 0.0
    variable_norm: float = 0.0
    value: float = 0.0

    def add(self, parts: Sequence[Any], sizes: Sequence[Sequence[int]]) -> list[Any]:
        """Add the ops that clip a gradient, and return what comes out; `parts` itself if nothing is to be.

        Parameters
        ----------
        parts : sequence of tf.Tensor
            float32, of one dimension.
        sizes : sequence of sequence of int
            How many elements each variable in a part has; one variable may have -1, for all.
        """
        if self.norm > 0:
            return list(tf.clip_by_global_norm(list(parts), self.norm)[0])
        if self.variable_norm > 0:
            return [self._each(part, inner) for part, inner in zip(parts, sizes, strict=True)]
        if self.value > 0:
            return [tf.clip_by_value(part, -self.value, self.value) for part in parts]
        return list(parts)

    def _each(self, part: Any, sizes: Sequence[int]) -> Any:
        if len(sizes) == 1:
            return tf.clip_by_norm(part, self.variable_norm)
        pieces = tf.split(part, sizes)
        return tf.concat([tf.clip_by_norm(piece, self.variable_norm) for piece in pieces], 0)
