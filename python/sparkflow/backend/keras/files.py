"""Keras models in files, `.keras` and `.h5`."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras

_SUFFIXES = (".keras", ".h5", ".hdf5")


def is_keras(path: Path) -> bool:
    return path.suffix in _SUFFIXES and path.is_file()


def read(path: Path, custom_objects: Mapping[str, Any] | None = None, *, compiled: bool = False) -> Any:
    """Load a model.

    Parameters
    ----------
    custom_objects : mapping, optional
        Classes and functions by name, for what is neither Keras' own nor registered.
    compiled : bool
        With its loss and optimizer, where it was saved with them.

    Raises
    ------
    ValueError
        It is no model, or has classes or Python code in it that are not here; the message says what to do.
    """
    if path.name.endswith(".weights.h5"):
        raise ValueError(
            f"{path} has weights alone and no architecture: build the model, call its load_weights, and give "
            "the model to SparkAsyncDLModel.from_keras, or to SparkAsyncDL(model=…)"
        )
    if not (zipfile.is_zipfile(path) if path.suffix == ".keras" else _is_hdf5(path)):
        raise ValueError(f"{path} is no Keras model: expected what model.save('name{path.suffix}') writes")
    try:
        return keras.saving.load_model(path, custom_objects, compile=compiled)
    except (TypeError, ValueError, ImportError, AttributeError, KeyError, NotImplementedError) as error:
        raise ValueError(f"Keras {keras.__version__} cannot load {path}: {_reason(str(error))}") from error


def _is_hdf5(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(8) == b"\x89HDF\r\n\x1a\n"


def _reason(text: str) -> str:
    """What Keras says, without the configs that follow, and what to do."""
    missing = re.search(r"(?:Could not locate|Unknown) (?:class|function|object|layer):? '?([\w>]+)", text)
    if missing is not None:
        name = missing[1]
        return (
            f"it needs '{name}', which is neither Keras' own nor registered: give "
            f"custom_objects={{'{name}': …}}, or import what registers it with "
            "keras.saving.register_keras_serializable"
        )
    if "safe_mode" in text or "ambda" in text:
        return (
            "it has Python code in it (a Lambda layer): if you trust it, load it yourself with "
            "keras.saving.load_model(path, safe_mode=False), and give the model to "
            "SparkAsyncDLModel.from_keras"
        )
    first = text.strip().split("\n")[0].split(" Full object config")[0].rstrip(".")
    return f"{first}; a model of Keras 2 may need tf_keras, whose model.export(path) makes a SavedModel"
