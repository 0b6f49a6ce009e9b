"""Models that were trained elsewhere, as SparkFlow models."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pyspark.ml.param import Param

from sparkflow.files import fetched
from sparkflow.ml import SparkAsyncDLModel
from sparkflow.session import sparkflow_jvm

if TYPE_CHECKING:
    from sparkflow.backend.pretrained.function import Port
    from sparkflow.backend.pretrained.opened import Opened


def load_tensorflow(
    path: str,
    *,
    signature: str | None = None,
    tags: Iterable[str] | None = None,
    custom_objects: Mapping[str, Any] | None = None,
    **params: Any,
) -> SparkAsyncDLModel:
    """See ``SparkAsyncDLModel.load_tensorflow``."""
    sparkflow_jvm()
    from sparkflow.backend.pretrained.open import open_model

    with fetched(path) as local:
        found = open_model(local, signature=signature, tags=tags, custom_objects=custom_objects)
    return _model(found, path, params)


def from_keras(model: Any, **params: Any) -> SparkAsyncDLModel:
    """See ``SparkAsyncDLModel.from_keras``."""
    sparkflow_jvm()
    from sparkflow.backend.keras.convert import predictor

    return _model(predictor(model), "the model", params)


def load_checkpoint(path: str, **params: Any) -> SparkAsyncDLModel:
    """A model of a TensorFlow 1 checkpoint, as ``tf.train.Saver`` saves it.

    Parameters
    ----------
    path : str
        The checkpoint's, without extension; ``<path>.meta`` is its graph. The values are those of
        ``<path>.index`` or, if there is no such file, of the latest checkpoint in the same folder. On the
        driver, or on any file system that Hadoop reaches if it begins with a scheme; there, ``<path>.index``
        must exist.
    **params
        Of the model: ``inputCol``, ``tfInput``, ``tfOutput``, ``predictionCol``, ``tfDropout``,
        ``toKeepDropout``, ``inferenceBatchSize``. None leaves one as it is.

    Raises
    ------
    FileNotFoundError
        ``<path>.meta`` or the values are missing.
    ValueError
        ``tfInput`` or ``tfOutput`` is none of its tensors, or not given where several could be meant.
    RuntimeError
        There is no SparkSession, or SparkFlow's jar is not on it.
    """
    from sparkflow.backend.pretrained import checkpoint

    with fetched(path) as local:
        found = checkpoint.read(Path(local))
    return _model(found, path, params)


def _model(found: "Opened", path: str, params: Mapping[str, Any]) -> SparkAsyncDLModel:
    unknown = set(params) - set(_params())
    if unknown:
        raise TypeError(f"{min(unknown)!r} is no param of the model; those are {', '.join(_params())}")
    given = {name: value for name, value in params.items() if value is not None}
    for param, kind, ports in (("tfInput", "inputs", found.inputs), ("tfOutput", "outputs", found.outputs)):
        if param not in given:
            given[param] = _only(path, param, kind, ports)
    model = SparkAsyncDLModel._of(*found.values)
    model._set(**given)
    return model


def _params() -> list[str]:
    return [name for name in dir(SparkAsyncDLModel) if isinstance(getattr(SparkAsyncDLModel, name), Param)]


def _only(path: str, param: str, kind: str, ports: "Sequence[Port]") -> str:
    if len(ports) != 1:
        there = (
            f"has {len(ports)} {kind}: {', '.join(map(str, ports))}" if ports else f"does not tell its {kind}"
        )
        raise ValueError(f"{path} {there}; give {param}='name:0'")
    return ports[0].tensor
