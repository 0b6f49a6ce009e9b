"""Models that were trained elsewhere, as SparkFlow models."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from pyspark.ml.param import Param

from sparkflow.column_names import in_order
from sparkflow.files import fetched
from sparkflow.ml import SparkAsyncDLModel
from sparkflow.session import sparkflow_jvm

if TYPE_CHECKING:
    from sparkflow.backend.feed import Tensors
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


def load_keras(path: str, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """A Keras model to train further, with ``SparkAsyncDL(model=…)``.

    Parameters
    ----------
    path : str
        Of a ``.keras`` or ``.h5`` file, on the driver, or on any file system that Hadoop reaches if it begins
        with a scheme (``hdfs://…``).
    custom_objects : mapping, optional
        Classes by name, for what is neither Keras' own nor registered.

    Returns
    -------
    keras.Model
        Compiled if it was saved so.

    Raises
    ------
    FileNotFoundError
        There is nothing at ``path``.
    ValueError
        It is no Keras model, or has classes or Python code in it that are not here.
    """
    from sparkflow.backend.keras import files

    with fetched(path) as local:
        if not Path(local).is_file():
            raise FileNotFoundError(f"there is no file {path}")
        return files.read(Path(local), custom_objects, compiled=True)


def load_layer(
    path: str,
    *,
    signature: str | None = None,
    tags: Iterable[str] | None = None,
    tfInput: str | None = None,
    tfOutput: str | None = None,
    trainable: bool = True,
    name: str | None = None,
) -> Any:
    """A trained model as a layer, for a Keras model that ``SparkAsyncDL(model=…)`` trains further.

    The layer computes as in inference: dropout in it is off, and a batch norm's averages stay.

    Parameters
    ----------
    path, signature, tags
        As ``SparkAsyncDLModel.load_tensorflow`` takes them; for a Keras model, ``load_keras`` does more.
    tfInput, tfOutput : str, optional
        What the layer takes and gives; by default the model's only ones.
    trainable : bool
        Whether its variables are trained further, those that were trained before; False freezes all.
    name : str, optional
        Of the layer.

    Returns
    -------
    keras.layers.Layer

    Raises
    ------
    FileNotFoundError
        There is nothing at ``path``.
    ValueError
        It cannot be opened, has a lookup table between input and output, or several inputs or outputs could
        be meant; the message says what to change.
    """
    from sparkflow.backend.fitted import Fitted
    from sparkflow.backend.keras.pretrained import Pretrained
    from sparkflow.backend.layout import Layout
    from sparkflow.backend.pretrained.open import open_model

    with fetched(path) as local:
        found = open_model(local, signature=signature, tags=tags)
    values = found.values
    model = Fitted(
        values.graph,
        Layout.from_json(values.layout),
        np.frombuffer(values.weights, "<f4"),
        values.state,
        *found.chosen(path, tfInput, tfOutput),
    )
    return Pretrained.of(model.function(), name, trainable)


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
    inputs = _inputs(found, given)
    outputs = _outputs(found, given)
    fed, fetched = found.chosen(path, inputs, outputs, given.get("tfDropout"))
    if inputs is None:
        given["tfInput"] = fed[0].tensor
    if outputs is None:
        given["tfOutput"] = fetched
    if found.from_logits:
        given.setdefault("fromLogits", True)
    model = SparkAsyncDLModel._of(*found.values)
    model._set(**given)
    return model


def _inputs(found: "Opened", given: dict[str, Any]) -> "Tensors":
    """The tensors to feed, as the params say. None for the only one."""
    tensors = _several(given, "inputCols", "tfInputs", found.inputs)
    if tensors is None:
        return given.get("tfInput")
    from sparkflow.backend.feed import Fed

    return [Fed("features", "tfInputs", tensor) for tensor in tensors]


def _outputs(found: "Opened", given: dict[str, Any]) -> Sequence[str] | str | None:
    """The tensors to fetch, likewise."""
    tensors = _several(given, "outputCols", "tfOutputs", found.outputs)
    return given.get("tfOutput") if tensors is None else tensors


def _several(
    given: dict[str, Any], columns: str, tensors: str, ports: "Sequence[Port]"
) -> Sequence[str] | None:
    """The tensors of several columns, as these two params say, which it completes; None without either."""
    if not {columns, tensors} & set(given):
        return None
    if tensors not in given:
        given[columns] = in_order(columns, given[columns], [port.name for port in ports])
        given[tensors] = [port.tensor for port in ports]
    named: Sequence[str] = given[tensors]
    return named


def _params() -> list[str]:
    return [name for name in dir(SparkAsyncDLModel) if isinstance(getattr(SparkAsyncDLModel, name), Param)]
