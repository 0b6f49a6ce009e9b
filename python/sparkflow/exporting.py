"""``SparkAsyncDLModel.save_tensorflow``: fitted models as what TensorFlow and Keras save themselves."""

from typing import TYPE_CHECKING, Any

from sparkflow.backend.layout import Layout
from sparkflow.files import written
from sparkflow.model_weights import weights_of

if TYPE_CHECKING:
    from sparkflow.backend.feed import Tensors
    from sparkflow.backend.fitted import Fitted

_FORMATS = ("saved_model", "keras", "graph")


def save_tensorflow(model: Any, path: str, format: str, overwrite: bool) -> None:
    """See ``SparkAsyncDLModel.save_tensorflow``."""
    if format not in _FORMATS:
        raise ValueError(f"format is {format!r}, expected one of {', '.join(map(repr, _FORMATS))}")
    if format == "keras" and not path.endswith(".keras"):
        raise ValueError(f"path is {path!r}, but Keras opens only files whose names end in .keras: add that")
    from sparkflow.backend import export

    keras_model = model.to_keras() if format == "keras" else None
    with written(path, overwrite) as local:
        if keras_model is not None:
            keras_model.save(local)
        elif format == "graph":
            export.frozen_graph(_fitted(model), local)
        else:
            export.saved_model(_fitted(model), local)


def _fitted(model: Any) -> "Fitted":
    from sparkflow.backend.fitted import Fitted

    java = model._java_obj
    layout = Layout.from_json(java.layoutJson())
    return Fitted(
        java.graph(),
        layout,
        weights_of(java, layout),
        bytes(java.stateBytes()),
        _inputs(model),
        model.getTfOutputs() or model.getTfOutput(),
        model.getTfDropout(),
        1.0 if model.getToKeepDropout() else 0.0,
    )


def _inputs(model: Any) -> "Tensors":
    from sparkflow.backend.feed import Fed

    tensors = model.getTfInputs()
    if tensors is None:
        return model.getTfInput()  # type: ignore[no-any-return]
    return [Fed("features", "tfInputs", tensor) for tensor in tensors]
