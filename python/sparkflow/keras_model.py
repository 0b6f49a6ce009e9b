"""What ``SparkAsyncDL(model=…)`` makes of a Keras model: values for the params that there are."""

import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sparkflow.column_names import in_order

if TYPE_CHECKING:
    from sparkflow.backend.values import Values

# What the model decides.
_GRAPH = (
    "tensorflowGraph",
    "tfInput",
    "tfLabel",
    "tfInputs",
    "tfLabels",
    "tfSampleWeight",
    "tfMetrics",
    "tfDropout",
    "toKeepDropout",
    "useRegularizationLosses",
)
_RULE = ("tfOptimizer", "optimizerOptions")
_CLIPS = ("clipNorm", "clipVariableNorm", "clipValue")


def keras_params(
    model: Any, loss: Any, optimizer: Any, metrics: Any, given: Mapping[str, Any]
) -> "tuple[dict[str, Any], Values]":
    """The params that train a Keras model, and the values to start from.

    Parameters
    ----------
    model : keras.Model
    loss, optimizer
        As ``compile`` takes them, and instead of what the model was compiled with; None for that.
    metrics
        As ``compile`` takes them, and instead of those that the model was compiled with. A warning names
        those that cannot be computed.
    given : mapping
        Params that the user set. Those win over ``model.optimizer``, and a learning rate over any.

    Returns
    -------
    params : dict
        By name; without those in ``given``.
    values : Values
        The model's own, for ``initialWeights``.

    Raises
    ------
    TypeError, ValueError
        The model, its loss or its optimizer cannot be had here, or a param contradicts it.
    """
    given = {name: value for name, value in given.items() if value is not None}
    _refuse("model", given, _GRAPH)
    if optimizer is not None:
        _refuse("optimizer", given, _RULE)
    from sparkflow.backend.keras.convert import convert
    from sparkflow.backend.keras.optimizer import rule_of

    weighted = "sampleWeightCol" in given or "classWeights" in given
    converted = convert(model, loss, metrics, weighted=weighted)
    params: dict[str, Any] = {
        "tensorflowGraph": converted.graph,
        **_fed("input", given, converted.inputs),
        **_fed("label", given, converted.labels),
        **_outputs(given, converted),
        "tfSampleWeight": "sample_weight:0" if weighted else None,
        "fromLogits": converted.from_logits or None,
    }
    if optimizer is None and model.compiled and "tfOptimizer" not in given:
        optimizer = model.optimizer
    if optimizer is not None:
        rule = rule_of(optimizer, model.trainable_variables)
        params |= {
            "tfOptimizer": rule.name,
            "tfLearningRate": rule.learning_rate,
            "optimizerOptions": rule.options,
            "learningRateSchedule": rule.schedule,
        }
        clipped = any(name in given for name in _CLIPS)  # then not by the optimizer's, too
        params |= {name: v for name, v in rule.gradients.items() if not (clipped and name in _CLIPS)}
    if converted.left_out:
        warnings.warn(
            f"validation does not compute {', '.join(converted.left_out)}: only metrics that are a mean over "
            "the rows can be put together from several workers; use an evaluator of Spark's on what "
            "transform gives",
            stacklevel=4,
        )
    found = {name: value for name, value in params.items() if name not in given or name.endswith("Cols")}
    return found, converted.values


def _outputs(given: Mapping[str, Any], converted: Any) -> dict[str, Any]:
    """The params of what transform computes: the first output, or all of them."""
    if "outputCols" not in given:
        return {"tfOutput": converted.tf_output}
    if "tfOutputs" in given:
        return {}
    tensors = converted.outputs
    return {
        "outputCols": in_order("outputCols", given["outputCols"], list(tensors)),
        "tfOutputs": list(tensors.values()),
    }


def _fed(role: str, given: Mapping[str, Any], tensors: Mapping[str, str]) -> dict[str, Any]:
    """The params of what the columns of a `role`, "input" or "label", feed.

    Columns that are given by the names of what they feed are brought into its order.
    """
    one, several = f"{role}Col", f"{role}Cols"
    names = list(tensors)
    if several in given:
        return {
            several: in_order(several, given[several], names),
            f"tf{role.capitalize()}s": list(tensors.values()),
        }
    if len(names) > 1:
        if one in given:
            raise ValueError(
                f"{one} is '{given[one]}', but the model takes {len(names)} columns, for {', '.join(names)}: "
                f"name them in {several}, in this order or as a dict"
            )
        return {f"tf{role.capitalize()}s": list(tensors.values())}
    return {f"tf{role.capitalize()}": next(iter(tensors.values()), None)}


def _refuse(who: str, given: Mapping[str, Any], names: tuple[str, ...]) -> None:
    found = [name for name in names if name in given]
    if found:
        raise ValueError(f"{who} decides {', '.join(found)}: leave {'it' if len(found) == 1 else 'them'} out")
