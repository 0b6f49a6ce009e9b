"""Reading a MetaGraphDef: the graph, its variables, its tensors by name."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from google.protobuf import json_format

from sparkflow.backend.feed import Fed
from sparkflow.backend.functions import make_unique
from sparkflow.backend.layout import Layout, StateVariable, Variable, kept_as
from sparkflow.backend.runtime import tf

# Not PlaceholderWithDefault, which can do without a value.
PLACEHOLDERS = ("Placeholder", "PlaceholderV2")


def parse(text: str) -> Any:
    """Return the MetaGraphDef whose JSON is `text`.

    Raises
    ------
    ValueError
        If it is not that.
    """
    try:
        return json_format.Parse(text, tf.MetaGraphDef())
    except json_format.ParseError as error:
        raise ValueError(
            f"tensorflowGraph is not a TensorFlow MetaGraphDef as JSON ({error}): "
            "make it with sparkflow.graph_utils.build_graph"
        ) from error


def imported(meta: Any, graph: Any = None, inputs: Mapping[str, Any] | None = None) -> Any:
    """Return a graph that holds `meta` and its collections; renames functions in `meta`.

    Parameters
    ----------
    graph : tf.Graph, optional
        Where it goes; a new one by default.
    inputs : mapping, optional
        Tensors of that graph that stand in for those of `meta` with these names.
    """
    make_unique(meta.graph_def)
    graph = graph or tf.Graph()
    with graph.as_default():
        # Device names of the machine that built the graph mean nothing here.
        tf.train.import_meta_graph(meta, clear_devices=True, input_map=inputs)
    return graph


@dataclass(frozen=True)
class Variables:
    """The variables of a graph.

    Attributes
    ----------
    trainable : list
        In the order of `tf.trainable_variables()`.
    state : list
        Global variables that are not trainable, of a dtype that state may have.
    other : list
        All others, local ones included: initialised in each session, never shipped.
    layout : Layout
        What the flat weights and the state are made of.
    """

    trainable: list[Any]
    state: list[Any]
    other: list[Any]
    layout: Layout

    @classmethod
    def of(cls, graph: Any) -> Variables:
        """Read them from the collections; raises ValueError for one that cannot be kept."""
        keys = tf.GraphKeys
        trainable = _distinct(graph.get_collection(keys.TRAINABLE_VARIABLES))
        taken = {v.name for v in trainable}
        rest = _distinct(
            graph.get_collection(keys.GLOBAL_VARIABLES) + graph.get_collection(keys.LOCAL_VARIABLES)
        )
        local = {v.name for v in graph.get_collection(keys.LOCAL_VARIABLES)}
        rest = [v for v in rest if v.name not in taken]
        state = [v for v in rest if v.name not in local and kept_as(v.dtype.base_dtype.name)]
        kept = {v.name for v in state}
        for variable in trainable:
            if not variable.dtype.is_floating:
                raise ValueError(
                    f"trainable variable '{variable.op.name}' has dtype {variable.dtype.base_dtype.name}: "
                    "only floating variables can be trained; create it with trainable=False"
                )
        layout = Layout(
            tuple(Variable(v.op.name, _shape(v)) for v in trainable),
            tuple(StateVariable(v.op.name, _shape(v), kept_as(v.dtype.base_dtype.name) or "") for v in state),
        )
        return cls(trainable, state, [v for v in rest if v.name not in kept], layout)


def tensor(graph: Any, param: str, name: str) -> Any:
    """Return the tensor called `name`; raises ValueError that names close ones if there is none."""
    try:
        return graph.get_tensor_by_name(name)
    except (KeyError, ValueError) as error:
        names = [output.name for op in graph.get_operations() for output in op.outputs]
        close = _closest(name, names)
        inputs = [op.outputs[0].name for op in graph.get_operations() if op.type.startswith("Placeholder")]
        hint = (
            f"did you mean {_either(close)}?"
            if close
            else f"its placeholders are {', '.join(inputs) or 'none'}"
        )
        raise ValueError(f"{param} '{name}' is no tensor of tensorflowGraph: {hint}") from error


def fed_tensors(graph: Any, feds: Iterable[Fed]) -> list[Any]:
    """Return the tensors that the columns feed; raises ValueError if one is not in the graph."""
    return [tensor(graph, fed.param, fed.tensor) for fed in feds]


def prediction(
    graph: Any, inputs: Sequence[Fed], tf_output: str | Sequence[str], tf_dropout: str | None
) -> tuple[list[Any], list[Any]]:
    """Return the tensors that prediction feeds (the inputs and, if named, the dropout) and the outputs.

    Raises
    ------
    ValueError
        If one is not in the graph, or an output needs a placeholder that is not fed.
    """
    fed = fed_tensors(graph, inputs)
    if tf_dropout is not None:
        fed.append(tensor(graph, "tfDropout", tf_dropout))
    outputs = []
    param = output_param(tf_output)
    for name in names(tf_output):
        output = tensor(graph, param, name)
        try:
            check_fed([output], fed)
        except ValueError as error:
            raise ValueError(f"{param} '{name}' cannot be computed: {error}") from error
        outputs.append(output)
    return fed, outputs


def output_param(tf_output: str | Sequence[str]) -> str:
    """Return the param that named the tensors, for messages."""
    return "tfOutput" if len(names(tf_output)) == 1 else "tfOutputs"


def names(tensors: str | Sequence[str]) -> tuple[str, ...]:
    """Return names that are given as one or several."""
    return (tensors,) if isinstance(tensors, str) else tuple(tensors)


def check_fed(targets: Iterable[Any], fed: Iterable[Any]) -> None:
    """Raise ValueError if the `targets` (tensors or operations) need a placeholder that is not in `fed`."""
    fed = list(fed)
    stop = {t.name for t in fed}
    seen = {t.op.name for t in fed if t.op.type in PLACEHOLDERS}
    pending = list(targets)
    while pending:
        item = pending.pop()
        op = item if isinstance(item, tf.Operation) else item.op
        if item.name in stop or op.name in seen:
            continue
        seen.add(op.name)
        if op.type in PLACEHOLDERS:
            raise ValueError(
                f"placeholder '{item.name}' would get no value: training feeds tfInput and tfLabel only, "
                "prediction tfInput and tfDropout; make it a tf.placeholder_with_default"
            )
        pending += [*op.inputs, *op.control_inputs]


def upstream(targets: Sequence[Any], cut: Iterable[str] = (), control: bool = True) -> list[Any]:
    """Return the operations that the `targets` need, unless only for the output of one that is `cut`.

    Without `control`, what they only wait for does not count.
    """
    cut = set(cut)
    seen: dict[str, Any] = {}
    pending = [
        target if isinstance(target, tf.Operation) else target.op
        for target in targets
        if isinstance(target, tf.Operation) or target.op.name not in cut
    ]
    while pending:
        op = pending.pop()
        if op.name not in seen:
            seen[op.name] = op
            pending += [tensor.op for tensor in op.inputs if tensor.op.name not in cut]
            pending += op.control_inputs if control else []
    return list(seen.values())


def needed(graph_def: Any, targets: Sequence[str]) -> set[str]:
    """Return the names of the nodes that `targets`, tensors or operations, are computed from."""
    nodes = {node.name: node for node in graph_def.node}
    found: set[str] = set()
    pending = [producer(name) for name in targets]
    while pending:
        name = pending.pop()
        if name not in found:
            found.add(name)
            pending += [producer(i) for i in nodes[name].input]
    return found


def pruned(graph_def: Any, targets: Sequence[str]) -> Any:
    """Return a GraphDef with only the nodes that `targets` are computed from."""
    names = needed(graph_def, targets)
    left = tf.GraphDef(versions=graph_def.versions, library=graph_def.library)
    left.node.extend(node for node in graph_def.node if node.name in names)
    return left


def producer(name: str) -> str:
    """Return the node that an input of a node names."""
    return name.lstrip("^").split(":")[0]


def is_pure(op: Any) -> bool:
    """Whether its outputs follow from its inputs alone: no variable, no random op, no state."""
    return op.op_def is not None and not op.op_def.is_stateful


def _closest(name: str, names: list[str]) -> list[str]:
    same = [n for n in names if n.lower() in (name.lower(), f"{name.lower()}:0")]
    return same or difflib.get_close_matches(name, names, 3, 0.5)


def _either(names: list[str]) -> str:
    return " or ".join(f"'{name}'" for name in names)


def _distinct(variables: list[Any]) -> list[Any]:
    return list({v.name: v for v in variables}.values())


def _shape(variable: Any) -> tuple[int, ...]:
    if not variable.shape.is_fully_defined():
        raise ValueError(
            f"variable '{variable.op.name}' has shape {variable.shape}: it must be fully defined"
        )
    return tuple(variable.shape.as_list())
