"""A computation that was made elsewhere, and what goes into it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from sparkflow.backend.names import operation_name
from sparkflow.backend.pretrained import lookups
from sparkflow.backend.pretrained.lookups import Lookup
from sparkflow.backend.runtime import tf


class Port(NamedTuple):
    """An input or output.

    Attributes
    ----------
    name : str
        What the model calls it.
    tensor : str
        Its name in the graph.
    dtype : str
    shape : tuple of int or None, optional
        None for one that is not known at all.
    """

    name: str
    tensor: str
    dtype: str
    shape: tuple[int | None, ...] | None

    def __str__(self) -> str:
        shape = "of any shape" if self.shape is None else str(list(self.shape))
        return f"'{self.tensor}' ({self.dtype} {shape})"


class Weight(NamedTuple):
    """A variable.

    Attributes
    ----------
    tensor : str
        Its handle, or the reference to it, in the graph that it comes from.
    is_handle : bool
    """

    name: str
    tensor: str
    is_handle: bool
    value: np.ndarray
    trainable: bool


@dataclass(frozen=True)
class Function:
    """A graph that holds neither variables nor tables.

    Attributes
    ----------
    graph_def : tf.GraphDef
        Reads the tensors that inputs, weights and lookups name, which are to be put in their places.
    """

    graph_def: Any
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    weights: tuple[Weight, ...]
    lookups: tuple[Lookup, ...]

    def placeholders(self) -> list[Any]:
        """Add a placeholder for each input to the default graph, called as the input."""
        return [
            tf.placeholder(port.dtype, port.shape, name=operation_name(port.name)) for port in self.inputs
        ]

    def add(self, inputs: Sequence[Any], variables: Sequence[Any]) -> list[Any]:
        """Add the ops to the default graph.

        Parameters
        ----------
        inputs : sequence of tf.Tensor
        variables : sequence of tf.Variable
            Resource variables that stand for the weights.

        Returns
        -------
        list of tf.Tensor
            The outputs.
        """
        sources = [
            variable.handle if weight.is_handle else variable.read_value()
            for weight, variable in zip(self.weights, variables, strict=True)
        ]
        return self.call(inputs, sources, [lookups.add(lookup) for lookup in self.lookups])

    def call(self, inputs: Sequence[Any], weights: Sequence[Any], tables: Sequence[Any]) -> list[Any]:
        """Add the ops, given what stands for the weights (handles, or values for references) and lookups."""
        names = [port.tensor for port in self.inputs]
        names += [weight.tensor for weight in self.weights]
        names += [lookup.tensor for lookup in self.lookups]
        given = dict(zip(names, [*inputs, *weights, *tables], strict=True))
        outputs: list[Any] = tf.import_graph_def(
            self.graph_def, given, [port.tensor for port in self.outputs], name="model"
        )
        return outputs
