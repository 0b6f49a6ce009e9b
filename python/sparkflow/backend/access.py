"""Setting and reading variables of a graph that will be finalized."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from sparkflow.backend.runtime import tf


class Access:
    """Ops that set and read some variables, known by name: so they outlive a copy of the graph.

    Parameters
    ----------
    variables : sequence
        Variables of the current default graph, into which the ops go.
    """

    def __init__(self, variables: Sequence[Any]) -> None:
        with tf.name_scope("sparkflow_access/"):
            inputs = [tf.placeholder(v.dtype.base_dtype, v.shape) for v in variables]
            assigns = [v.assign(i, read_value=False) for v, i in zip(variables, inputs, strict=True)]
            reads = [tf.identity(v) for v in variables]
        self._dtypes = [v.dtype.base_dtype.as_numpy_dtype for v in variables]
        self._inputs = [i.name for i in inputs]
        self._assigns = [a.name for a in assigns]
        self._reads = [r.name for r in reads]

    def write(self, session: Any, values: Sequence[np.ndarray]) -> None:
        """Set the variables; values of another dtype are cast."""
        if self._assigns:
            cast = [v.astype(d, copy=False) for v, d in zip(values, self._dtypes, strict=True)]
            session.run(self._assigns, dict(zip(self._inputs, cast, strict=True)))

    def read(self, session: Any) -> list[np.ndarray]:
        """Return the values of the variables."""
        return list(session.run(self._reads)) if self._reads else []
