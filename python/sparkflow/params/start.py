"""What training starts from."""

# mypy: disallow-subclassing-any=False, disable-error-code="no-any-return"

from pyspark.ml.param import TypeConverters

from sparkflow.params.base import Group, param


class StartParams(Group):
    """What training starts from."""

    initialWeights = param(
        "initialWeights",
        "Weights of a fitted model of the same graph, to start from. "
        "Not set: training starts from the graph's own initializers.",
        TypeConverters.identity,
    )
