"""From a MetaGraphDef to a graph of one step: flat weights in, loss and flat gradient out.

1. The user's graph is imported into a scratch graph, and these are added: a loader that cuts a flat float32
   placeholder into the trainable variables, the gradients of the loss, and their concatenation.
2. Every op that reads a trainable variable is made to wait for the loader. A graph in the making cannot be
   rewired, so this is done on its GraphDef.
3. The outcome is imported into a fresh graph and finalized: it never grows while it trains.

Variables that travel by rows (`sparkflow.backend.tables`) are no part of the flat weights, and nothing of the
graph that is called reads them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sparkflow.backend import metagraph, metrics
from sparkflow.backend.access import Access
from sparkflow.backend.clipping import Clip
from sparkflow.backend.decay import decays
from sparkflow.backend.evaluation import Evaluation
from sparkflow.backend.feed import Fed, Feed, Weights
from sparkflow.backend.gradient import flat_gradient
from sparkflow.backend.layout import Layout, Variable
from sparkflow.backend.local import LocalOps, LocalWeights
from sparkflow.backend.metagraph import Variables, needed, producer
from sparkflow.backend.runtime import FUNCTIONAL, tf
from sparkflow.backend.seeding import seed_stateful, stateful
from sparkflow.backend.sparse import densely_fed, feed_of
from sparkflow.backend.tables import RowOps, Table, find


@dataclass(frozen=True)
class StepGraph:
    """A finalized graph, and the names of what is called in it.

    Attributes
    ----------
    feeds : tuple of Feed
        What a mini-batch feeds: inputs, labels and sample weights.
    weights : str
        Placeholder, float32 [count]: the flat weights, without those of tables. Whatever reads a trainable
        variable needs it fed, unless there is `local`.
    loss : str
        Tensor, float32, of shape [].
    gradient : tuple of str
        Tensors, float32, of one dimension: the flat gradient in parts, one after the other; then that of the
        rows of each table. Clipped, but for an `accumulates`.
    clipped : tuple of str
        What becomes of them when they are fed, as many, for an `accumulates` that clips; else none.
    updates : tuple of str
        Operations to run in each step: the graph's UPDATE_OPS.
    initializers : tuple of str
        Operations to run once in a session, after the state has been set, for what is not shipped.
    state : Access
        The state's variables.
    decay : str, optional
        Tensor, float32, one for each of the state's variables (`sparkflow.backend.decay`); None without.
    local : LocalOps, optional
        If the weights live in the session.
    tables : tuple of Table
        Variables of which rows are fed instead of weights.
    seeds : tuple of int
        What the random ops of a step depend on; empty if it has none but those with a seed of their own.
    evaluation : Evaluation, optional
        If asked for.
    draws : bool
        Whether a step has stateful random ops.
    """

    graph: Any
    layout: Layout
    feeds: tuple[Feed, ...]
    weights: str
    loss: str
    gradient: tuple[str, ...]
    clipped: tuple[str, ...]
    updates: tuple[str, ...]
    initializers: tuple[str, ...]
    state: Access
    decay: str | None
    local: LocalOps | None
    tables: tuple[Table, ...]
    seeds: tuple[int, ...]
    evaluation: Evaluation | None
    draws: bool


def lower(
    meta: Any,
    inputs: Sequence[Fed],
    labels: Sequence[Fed],
    regularization_losses: bool,
    seeds: Sequence[int],
    tf_output: str | Sequence[str] | None = None,
    tf_dropout: str | None = None,
    optimizer: tuple[str, Mapping[str, float | bool]] | None = None,
    tables: bool = False,
    evaluation: bool = False,
    sample_weights: Sequence[Fed] = (),
    clip: Clip | None = None,
    accumulates: bool = False,
    tf_metrics: Mapping[str, str] | None = None,
) -> StepGraph:
    """Lower a MetaGraphDef.

    Parameters
    ----------
    meta : tf.MetaGraphDef
        Its random ops are seeded in place.
    inputs, labels : sequence of Fed
        What to feed.
    regularization_losses : bool
        Add the collection REGULARIZATION_LOSSES to the loss.
    seeds : sequence of int
        What the random ops of the step that have no seed of their own (dropout) are to depend on.
    tf_output, tf_dropout : str, optional
        What prediction will fetch (one or several) and feed: only checked.
    optimizer : (str, mapping), optional
        Name and options: the weights are to live in the session, and this moves them there.
    tables : bool
        Look for variables that can travel by rows.
    evaluation : bool
        Rows are held out, of which the loss is wanted.
    sample_weights : sequence of Fed
        What to feed with how much each row counts, one at most.
    clip : Clip, optional
        How the gradient is cut down to size.
    accumulates : bool
        The mean of several gradients is to be clipped, and not each of them.
    tf_metrics : mapping, optional
        Tensors, by name, to evaluate where the graph does not say so itself.

    Raises
    ------
    ValueError
        If the graph has no loss or no trainable variable, a tensor is missing, a placeholder would not be
        fed (in training or in prediction), or the loss depends on no trainable variable, or not on
        the sample weights.
    """
    meta, inputs = densely_fed(meta, inputs)
    random = stateful(meta.graph_def)
    seeded = seed_stateful(meta.graph_def, *seeds)
    scratch = metagraph.imported(meta)
    losses, updates = _checked(
        scratch, inputs, labels, sample_weights, regularization_losses, tf_output, tf_dropout
    )
    own = Evaluation.of(scratch) if evaluation else None
    apart = [scratch.get_tensor_by_name(name) for name in own.fetches] if own else []
    tf_metrics = tf_metrics if evaluation and own is None and tf_metrics else {}
    fed = metagraph.fed_tensors(scratch, [*inputs, *labels, *sample_weights])
    apart += metrics.named(scratch, tf_metrics, fed).values()
    rows: list[RowOps] = []
    if tables and (found := find(Variables.of(scratch).trainable, losses, [*updates, *apart])):
        replaced: dict[str, Any] = {}
        scratch = tf.Graph()
        with scratch.as_default(), tf.name_scope("sparkflow_tables"):
            rows = [RowOps.of(table, replaced) for table in found]
        metagraph.imported(meta, scratch, replaced)
        losses, updates = _targets(scratch, regularization_losses)
    variables = Variables.of(scratch)
    by_rows = {ops.table.variable for ops in rows}
    dense = [
        (variable, entry)
        for variable, entry in zip(variables.trainable, variables.layout.weights, strict=True)
        if variable.op.name not in by_rows
    ]
    with scratch.as_default():
        kinds = [(feed_of, fed) for fed in (*inputs, *labels)] + [(Weights, fed) for fed in sample_weights]
        feeds = tuple(kind(fed, metagraph.tensor(scratch, fed.param, fed.tensor)) for kind, fed in kinds)
        initializers = [v.initializer for v in variables.other]
        initializers += scratch.get_collection(tf.GraphKeys.TABLE_INITIALIZERS)
        state = Access(variables.state)
        with tf.name_scope("sparkflow"):
            in_session = LocalWeights(dense, *optimizer) if optimizer else None
            if in_session is None:
                weights, load = _loader(dense)
                loaded = {variable.op.name for variable, _ in dense}
            else:
                weights, load, loaded = in_session.value, in_session.load, in_session.loaded
            loss = tf.add_n([tf.cast(tf.reduce_mean(part), tf.float32) for part in losses], name="loss")
            gradient, sizes = flat_gradient(losses, dense, rows)
            clipped = (clip or Clip()).add(gradient, sizes)
            if not accumulates:
                gradient = clipped
            local = None if in_session is None else in_session.ops(gradient, sizes, [loss, *updates])
            decay = decays(variables.state, [loss, *updates]) if variables.state else None
            named = tuple(ops.named(scratch) for ops in rows)
            tensors = {name: scratch.get_tensor_by_name(tensor) for name, tensor in tf_metrics.items()}
            measured = metrics.parts(tensors, scratch.get_tensor_by_name(inputs[0].tensor)) if tensors else ()
    evaluated = None
    if evaluation:
        evaluated = own or Evaluation(loss.name, measured, tf_dropout)
    graph_def = scratch.as_graph_def()
    _read_after_load(graph_def, load.name, loaded | _handed_on(scratch))
    targets = [item.name for item in (loss, *gradient, *updates, *initializers)]
    targets += [local.apply] if local else []
    targets += evaluated.fetches if evaluated else []
    graph = tf.Graph()
    with graph.as_default():
        tf.import_graph_def(graph_def, name="")
    graph.finalize()
    return StepGraph(
        graph,
        variables.layout,
        feeds,
        weights.name,
        loss.name,
        tuple(part.name for part in gradient),
        () if clipped == gradient else tuple(part.name for part in clipped),
        tuple(op.name for op in updates),
        tuple(op.name for op in initializers),
        state,
        None if decay is None else decay.name,
        local,
        named,
        tuple(seeds) if _draws(graph_def, targets, seeded) else (),
        evaluated,
        _draws(graph_def, targets, random),
    )


def _checked(
    graph: Any,
    inputs: Sequence[Fed],
    labels: Sequence[Fed],
    sample_weights: Sequence[Fed],
    regularization: bool,
    tf_output: str | Sequence[str] | None,
    tf_dropout: str | None,
) -> tuple[list[Any], list[Any]]:
    """Return the losses and updates of a graph that is still the user's, if it can train and predict."""
    if not graph.get_collection(tf.GraphKeys.TRAINABLE_VARIABLES):
        raise ValueError(
            "tensorflowGraph has no trainable variable: the collection TRAINABLE_VARIABLES is empty"
        )
    losses, updates = _targets(graph, regularization)
    fed = metagraph.fed_tensors(graph, [*inputs, *labels, *sample_weights])
    for weights in sample_weights:
        if fed[-1].op not in metagraph.upstream(losses):
            raise ValueError(
                f"the loss of tensorflowGraph does not depend on tfSampleWeight '{weights.tensor}': give "
                "it to the loss as its weights, such as tf.losses.mean_squared_error(y, out, weights=w)"
            )
    metagraph.check_fed([*losses, *updates], fed)
    if tf_output:
        metagraph.prediction(graph, inputs, tf_output, tf_dropout)
    return losses, updates


def _targets(graph: Any, regularization: bool) -> tuple[list[Any], list[Any]]:
    return _losses(graph, regularization), _operations(graph.get_collection(tf.GraphKeys.UPDATE_OPS))


def _losses(graph: Any, regularization: bool) -> list[Any]:
    losses = graph.get_collection(tf.GraphKeys.LOSSES)[:1]
    if not losses:
        raise ValueError(
            "tensorflowGraph has no loss: the collection LOSSES is empty; use a function of tf.losses, "
            "or add the loss with tf.losses.add_loss"
        )
    if regularization:
        losses += graph.get_collection(tf.GraphKeys.REGULARIZATION_LOSSES)
    return list(losses)


def _operations(items: Sequence[Any]) -> list[Any]:
    operations = [item if isinstance(item, tf.Operation) else item.op for item in items]
    return list({op.name: op for op in operations}.values())


def _loader(variables: Sequence[tuple[Any, Variable]]) -> tuple[Any, Any]:
    """Add the placeholder of the flat weights, and the op that sets the `variables` from it."""
    count = sum(entry.size for _, entry in variables)
    flat = tf.placeholder(tf.float32, [count], name="weights")
    assigns, start = [], 0
    for variable, entry in variables:
        # A slice that starts and ends on 64 bytes shares the placeholder's memory; tf.split always copies.
        piece = tf.reshape(tf.slice(flat, [start], [entry.size]), entry.shape)
        value = tf.cast(piece, variable.dtype.base_dtype)
        assigns.append(variable.assign(value, read_value=False))
        start += entry.size
    return flat, tf.group(*assigns, name="load")


def _read_after_load(graph_def: Any, load: str, variables: set[str]) -> None:
    """Make the direct consumers of the variables' handles (or refs) wait for `load`, in place.

    A variable lives outside every control-flow frame, so its direct consumers do too: a loop or a branch
    takes the handle through an Enter, a Switch, a While or an If, and waits there. What the loader itself is
    made of must not wait for it. A While or an If also hands handles on; TensorFlow may replace what it hands
    on by what it was given, so that is a variable's handle, too.
    """
    upstream = needed(graph_def, [load])
    for node in graph_def.node:
        if node.name not in upstream and any(producer(i) in variables for i in node.input if i[0] != "^"):
            node.input.append(f"^{load}")


def _handed_on(graph: Any) -> set[str]:
    """Return the names of the loops and branches of TensorFlow 2 that give handles of variables."""
    return {
        op.name
        for op in graph.get_operations()
        if op.type in FUNCTIONAL and any(output.dtype == tf.resource for output in op.outputs)
    }


def _draws(graph_def: Any, targets: Sequence[str], seeded: set[tuple[str, str]]) -> bool:
    """Whether `targets` may depend on one of the random ops, as those of the weights' initializers do not."""
    upstream = needed(graph_def, targets)
    return any(function or name in upstream for function, name in seeded)
