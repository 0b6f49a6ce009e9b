"""The values of a graph's variables, read on the driver: from arrays or a TensorFlow 1 checkpoint."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from google.protobuf import json_format

from sparkflow.backend import metagraph
from sparkflow.backend.runtime import tf


class Values(NamedTuple):
    """A graph (JSON of a MetaGraphDef) and its variables: layout (JSON) and bytes as in docs/protocol.md."""

    graph: str
    layout: str
    weights: bytes
    state: bytes


def from_arrays(graph: str, arrays: Sequence[Any] | Mapping[str, Any]) -> Values:
    """Take the trainable variables from `arrays`, the others as the graph's initializers make them.

    Parameters
    ----------
    graph : str
        JSON of the MetaGraphDef.
    arrays : sequence or mapping of array_like
        In the order of `tf.trainable_variables()`, or by name.

    Raises
    ------
    ValueError
        If arrays are missing or too many, a name is not in the graph, or a shape is not the variable's.
    """
    with copying_session(metagraph.imported(metagraph.parse(graph))) as session:
        variables = metagraph.Variables.of(session.graph)
        names = [v.name for v in variables.layout.weights]
        if isinstance(arrays, Mapping):
            if set(arrays) != set(names):
                raise ValueError(
                    f"initialWeights must have each trainable variable of the graph ({', '.join(names)}); "
                    f"missing: {sorted(set(names) - set(arrays))}, "
                    f"unknown: {sorted(set(arrays) - set(names))}"
                )
            arrays = [arrays[name] for name in names]
        if len(arrays) != len(names):
            raise ValueError(
                f"initialWeights has {len(arrays)} arrays, but the graph has {len(names)} trainable "
                f"variables: {', '.join(names)}"
            )
        for variable, array in zip(variables.layout.weights, arrays, strict=True):
            if np.shape(array) != variable.shape:
                raise ValueError(
                    f"initialWeights has shape {list(np.shape(array))} for variable '{variable.name}', "
                    f"but the graph's has {list(variable.shape)}"
                )
        session.run(tf.global_variables_initializer())
        return packed(graph, variables, arrays, session.run(variables.state))


def from_checkpoint(path: str) -> Values:
    """Read what TensorFlow 1's `tf.train.Saver` saved.

    Parameters
    ----------
    path : str
        The checkpoint's, without extension; `<path>.meta` is its graph. The values are those of
        `<path>.index` or, if there is no such file, of the latest checkpoint in the same folder.

    Raises
    ------
    FileNotFoundError
        If `<path>.meta` is missing, or there are no values.
    """
    if not Path(f"{path}.meta").is_file():
        raise FileNotFoundError(
            f"there is no {path}.meta: give the path that tf.train.Saver.save returned, without extension"
        )
    values = path if Path(f"{path}.index").is_file() else tf.train.latest_checkpoint(str(Path(path).parent))
    if values is None:
        raise FileNotFoundError(
            f"there is neither {path}.index nor another checkpoint in {Path(path).parent}"
        )
    with copying_session(tf.Graph()) as session:
        tf.train.import_meta_graph(f"{path}.meta", clear_devices=True).restore(session, values)
        variables = metagraph.Variables.of(session.graph)
        graph = json_format.MessageToJson(tf.train.export_meta_graph())
        return packed(graph, variables, *session.run((variables.trainable, variables.state)))


@contextmanager
def copying_session(graph: Any) -> Iterator[Any]:
    """A session that only copies values: it takes no memory of a GPU from workers on this machine."""
    config = tf.ConfigProto(device_count={"GPU": 0}, allow_soft_placement=True)
    with graph.as_default(), tf.Session(graph=graph, config=config) as session:
        yield session


def exported(weights: Sequence[Any], state: Sequence[Any]) -> Values:
    """Pack the current default graph and the values of its variables, in the order of `Variables`."""
    graph: str = json_format.MessageToJson(tf.train.export_meta_graph())
    return packed(graph, metagraph.Variables.of(tf.get_default_graph()), weights, state)


def packed(graph: str, variables: Any, weights: Sequence[Any], state: Sequence[Any]) -> Values:
    """Pack values, in the order in which the graph's `variables` have them."""
    return Values(
        graph,
        variables.layout.to_json(),
        b"".join(np.asarray(value, "<f4").tobytes() for value in weights),
        variables.layout.state_of(state),
    )
