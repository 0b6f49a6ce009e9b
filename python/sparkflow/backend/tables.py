"""Tables: variables that a loss reads by rows alone, so that a worker needs no more of them than those rows.

A table's gathers are cut out of the graph while it is imported. In their place stand gathers from a
placeholder that holds the rows of one mini-batch, each once; another says which of them go where. Which rows
these are depends on nothing but what is fed, so it can be asked before there are weights.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from sparkflow.backend import metagraph
from sparkflow.backend.runtime import tf


@dataclass(frozen=True)
class Found:
    """A table as the user's graph has it.

    Attributes
    ----------
    variable : str
        The name of its variable's operation.
    gathers : tuple of tf.Operation
        All that read it: Gather, GatherV2 or ResourceGather.
    """

    variable: str
    shape: tuple[int, ...]
    gathers: tuple[Any, ...]


def find(variables: Iterable[Any], losses: Sequence[Any], updates: Sequence[Any]) -> list[Found]:
    """Return the tables among trainable variables, in their order; adds gradients to their graph.

    A variable is one if it is float32 and has rows, the losses' gradient for it is sparse, all that the
    losses and updates read of it are rows picked along its first axis, and which rows depends on
    placeholders and constants only.
    """
    reached = metagraph.upstream([*losses, *updates])
    found = []
    for variable in variables:
        shape = tuple(variable.shape.as_list())
        if variable.dtype.base_dtype != tf.float32 or not shape or 0 in shape:
            continue
        gathers = tuple(op for op in reached if _gathered(op) == variable.op.name)
        if gathers and all(_depends_on_feeds(_indices(op)) for op in gathers):
            found.append((variable, Found(variable.op.name, shape, gathers)))
    # What reads a table in another way still reaches it when its gathers are gone.
    cut = {op.name for _, table in found for op in table.gathers}
    held = {op.name for op in metagraph.upstream([*losses, *updates], cut)}
    found = [(variable, table) for variable, table in found if table.variable not in held]
    with losses[0].graph.as_default():
        gradients = tf.gradients(losses, [variable for variable, _ in found]) if found else []
    return [
        table
        for (_, table), gradient in zip(found, gradients, strict=True)
        if isinstance(gradient, tf.IndexedSlices)
    ]


@dataclass(frozen=True)
class Table:
    """A table in the finalized graph: its shape, and the names of its tensors."""

    name: str
    shape: tuple[int, ...]
    rows: str
    positions: tuple[str, ...]
    indices: tuple[str, ...]

    @property
    def width(self) -> int:
        return int(np.prod(self.shape[1:], dtype=np.int64))


@dataclass(frozen=True)
class RowOps:
    """What stands for a table in the graph; tensors while it is made.

    Attributes
    ----------
    rows : tf.Tensor
        Placeholder, float32 [n, …]: rows of the table.
    positions : tuple of tf.Tensor
        Placeholders, int64, one for each gather: which of `rows` to take.
    """

    table: Found
    rows: Any
    positions: tuple[Any, ...]

    @classmethod
    def of(cls, table: Found, inputs: dict[str, Any]) -> RowOps:
        """Add them to the current default graph, and to `inputs` what each gather's output is replaced by."""
        rows = tf.placeholder(tf.float32, [None, *table.shape[1:]], name="rows")
        positions = []
        for op in table.gathers:
            positions.append(tf.placeholder(tf.int64, _indices(op).shape, name="positions"))
            inputs[op.outputs[0].name] = tf.gather(rows, positions[-1])
        return cls(table, rows, tuple(positions))

    def named(self, graph: Any) -> Table:
        """Return the names of its tensors; adds those of the row numbers to the `graph` it is in."""
        numbers = [graph.get_tensor_by_name(_indices(op).name) for op in self.table.gathers]
        # What is fed can be fetched only by another name.
        indices = tuple(tf.identity(tensor, name="row_numbers").name for tensor in numbers)
        positions = tuple(tensor.name for tensor in self.positions)
        return Table(self.table.variable, self.table.shape, self.rows.name, positions, indices)

    def gradient(self, slices: Any) -> Any:
        """Add the flat gradient of `rows`, to which what is taken more than once contributes its sum."""
        count = tf.shape(self.rows)[0]
        if isinstance(slices, tf.IndexedSlices):
            slices = tf.math.unsorted_segment_sum(slices.values, slices.indices, count)
        return tf.reshape(slices, [-1])


@dataclass(frozen=True)
class Rows:
    """The rows that a mini-batch reads.

    Attributes
    ----------
    numbers : numpy.ndarray
        int32, ascending: as docs/protocol.md numbers the rows of all tables.
    counts : list of int
        How many of them are each table's.
    values : int
        Values of all these rows.
    positions : list of numpy.ndarray
        For each gather, in the shape of its indices: which of its table's rows to take.
    """

    numbers: np.ndarray
    counts: list[int]
    values: int
    positions: list[np.ndarray]


def numbered(tables: Sequence[Table], fetched: Sequence[np.ndarray]) -> Rows:
    """Return the rows to ask for, given what each gather of each table asks for.

    Raises
    ------
    ValueError
        If there is no such row.
    """
    numbers, counts, values, positions = [], [], 0, []
    first = start = 0
    for table in tables:
        asked = fetched[start : start + len(table.indices)]
        start += len(asked)
        flat = np.concatenate([np.asarray(part).reshape(-1) for part in asked])
        unique, inverse = np.unique(flat, return_inverse=True)
        if unique.size and (unique[0] < 0 or unique[-1] >= table.shape[0]):
            bad = unique[0] if unique[0] < 0 else unique[-1]
            raise ValueError(
                f"a batch asks for row {bad} of '{table.name}', which has rows 0 to {table.shape[0] - 1}: "
                "renumber the values, or give the variable more rows"
            )
        cuts = np.cumsum([part.size for part in asked])[:-1]
        positions += [
            part.reshape(like.shape)
            for part, like in zip(np.split(inverse.reshape(-1), cuts), asked, strict=True)
        ]
        numbers.append(unique.astype(np.int32) + np.int32(first))
        counts.append(unique.size)
        values += unique.size * table.width
        first += table.shape[0]
    return Rows(np.concatenate(numbers), counts, values, positions)


def _gathered(op: Any) -> str | None:
    """Return the name of the variable whose rows `op` picks along the first axis; None if it does not."""
    if op.type not in ("Gather", "GatherV2", "ResourceGather") or op.control_inputs:
        return None
    if op.type != "Gather" and op.get_attr("batch_dims") != 0:
        return None
    if op.type == "GatherV2":
        axis = tf.get_static_value(op.inputs[2])
        if axis is None or axis != 0:
            return None
    source = op.inputs[0].op
    while source.type in ("Identity", "ReadVariableOp") and not source.control_inputs:
        source = source.inputs[0].op
    return str(source.name)


def _indices(gather: Any) -> Any:
    return gather.inputs[1]


def _depends_on_feeds(tensor: Any) -> bool:
    """Whether it is the same each time that the same is fed: no variable, no random op, no state."""
    return all(metagraph.is_pure(op) for op in metagraph.upstream([tensor]))
