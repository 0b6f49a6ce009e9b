"""The TensorFlow graph to train, and which of its losses count."""

# mypy: disallow-subclassing-any=False, disable-error-code="no-any-return"

from typing import Any

from pyspark.ml.param import TypeConverters

from sparkflow.params.base import Group, Self, param


def _graph(value: Any) -> str:
    if callable(value):
        name = getattr(value, "__name__", "function")
        raise TypeError(
            f"It takes the graph, got the function that builds it: pass build_graph({name}), "
            "from sparkflow.graph_utils"
        )
    return TypeConverters.toString(value)


class GraphParams(Group):
    """The TensorFlow graph to train, and which of its losses count."""

    tensorflowGraph = param(
        "tensorflowGraph",
        "The TensorFlow graph as the JSON of a MetaGraphDef, as made by sparkflow.graph_utils.build_graph "
        "or python -m sparkflow graph.",
        _graph,
    )
    useRegularizationLosses = param(
        "useRegularizationLosses",
        "Whether to add the losses in the graph's REGULARIZATION_LOSSES collection to the loss that is "
        "trained, "
        "which is the first in its LOSSES collection.",
        TypeConverters.toBoolean,
    )

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._setDefault(tensorflowGraph="", useRegularizationLosses=False)

    def getTensorflowGraph(self) -> str:
        return self._value(self.tensorflowGraph)

    def setTensorflowGraph(self: Self, value: str | None) -> Self:
        return self._set(tensorflowGraph=value)

    def getUseRegularizationLosses(self) -> bool:
        return self._value(self.useRegularizationLosses)

    def setUseRegularizationLosses(self: Self, value: bool | None) -> Self:
        return self._set(useRegularizationLosses=value)
