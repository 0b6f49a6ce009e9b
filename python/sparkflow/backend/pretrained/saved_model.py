"""SavedModels, of TensorFlow 1 and 2."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tensorflow.core.framework.variable_pb2 import VariableDef
from tensorflow.python.saved_model import loader_impl

from sparkflow.backend.pretrained.extract import extracted
from sparkflow.backend.pretrained.function import Function, Port
from sparkflow.backend.runtime import tf
from sparkflow.backend.values import copying_session

_DEFAULT = "serving_default"


def is_saved_model(path: Path) -> bool:
    return any((path / name).is_file() for name in ("saved_model.pb", "saved_model.pbtxt"))


def read(path: Path, signature: str | None = None, tags: Iterable[str] | None = None) -> Function:
    """Read one signature of a SavedModel.

    Parameters
    ----------
    path : Path
        Its directory.
    signature : str, optional
        By default `serving_default`, or the only one.
    tags : iterable of str, optional
        Of one of its graphs; by default `serve`, or those of the only one.

    Raises
    ------
    ValueError
        There is no such graph or signature, the message names those that there are; or it needs something
        that is neither a variable nor a lookup table.
    """
    meta = _graph(path, tags)
    words, chosen = _signature(path, meta, signature)
    with copying_session(tf.Graph()) as session:
        with _op_errors(path):
            loader = loader_impl.SavedModelLoader(str(path))
            loader.load(session, list(meta.meta_info_def.tags), clear_devices=True)
        inputs, outputs = _ports(session.graph, chosen.inputs), _ports(session.graph, chosen.outputs)
        return extracted(session, inputs, outputs, _trainable(meta), words)


def _graph(path: Path, tags: Iterable[str] | None) -> Any:
    graphs = list(loader_impl.parse_saved_model(str(path)).meta_graphs)
    wanted = {tf.saved_model.SERVING} if tags is None else set(tags)
    found = [meta for meta in graphs if set(meta.meta_info_def.tags) == wanted]
    if not found and tags is None and len(graphs) == 1:
        found = graphs
    if not found:
        there = " or ".join(str(sorted(meta.meta_info_def.tags)) for meta in graphs)
        raise ValueError(f"{path} has no graph with the tags {sorted(wanted)}: give tags={there}")
    return found[0]


def _signature(path: Path, meta: Any, wanted: str | None) -> tuple[str, Any]:
    """The signature, with words for messages."""
    found = {name: s for name, s in meta.signature_def.items() if not name.startswith("__saved_model")}
    if not found:
        raise ValueError(
            f"{path} has no signature, so nothing says what its inputs and outputs are: save it with "
            "model.export(path), or with tf.saved_model.save(module, path, signatures=…)"
        )
    if wanted is None:
        wanted = _DEFAULT if len(found) > 1 else next(iter(found))
    if wanted not in found:
        raise ValueError(f"{path} has no signature '{wanted}': give signature= one of {sorted(found)}")
    return f"signature '{wanted}' of {path}", found[wanted]


def _ports(graph: Any, infos: Mapping[str, Any]) -> tuple[Port, ...]:
    ports = []
    for name, info in sorted(infos.items()):
        if info.WhichOneof("encoding") != "name":
            raise ValueError(
                f"'{name}' is a {info.WhichOneof('encoding')}: only dense tensors can be had here"
            )
        shape = graph.get_tensor_by_name(info.name).shape
        dims = None if shape.rank is None else tuple(shape.as_list())
        ports.append(Port(name, info.name, tf.as_dtype(info.dtype).name, dims))
    return tuple(ports)


def _trainable(meta: Any) -> Mapping[str, bool]:
    """Which variables are trainable, by name; TensorFlow 2 has numbered those of one name in the graph."""
    variables = [node.variable for node in meta.object_graph_def.nodes if node.HasField("variable")]
    if variables:
        # Of several that share a name nothing tells which is which: none is trained unless all are.
        fixed = {variable.name for variable in variables if not variable.trainable}
        return {variable.name: variable.name not in fixed for variable in variables}
    names = []
    for text in meta.collection_def[tf.GraphKeys.TRAINABLE_VARIABLES].bytes_list.value:
        variable = VariableDef.FromString(text)
        names.append(variable.variable_name.split(":")[0])
    return dict.fromkeys(names, True)


@contextmanager
def _op_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except (tf.errors.NotFoundError, ValueError) as error:
        found = re.search(r"Op type not registered '(\w+)'", str(error))
        if found is None:
            raise
        raise ValueError(
            f"{path} needs the op {found[1]}, which TensorFlow {tf.version.VERSION} itself has not: ops of "
            "other packages (tensorflow_text, say) would be needed in each worker, too; leave that part out "
            "of the model"
        ) from error
