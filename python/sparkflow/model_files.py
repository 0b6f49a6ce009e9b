"""Writes a model as the jar saves it, without Spark; docs/persistence.md is the format."""

import errno
import hashlib
import json
import shutil
import time
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyspark

from sparkflow import __version__
from sparkflow.model_reader import CLASS, FORMAT
from sparkflow.params import ClassifierParams, InputParams, PredictionParams

if TYPE_CHECKING:
    from sparkflow.backend.values import Values


class _Params(InputParams, PredictionParams, ClassifierParams):
    """Those of a model, in no stage."""


def write_model(path: Path, values: "Values", params: Mapping[str, Any]) -> None:
    """Write a ``SparkAsyncDLModel``, to be loaded from Scala or Python.

    It appears under its name whole or not at all.

    Parameters
    ----------
    path : Path
        A directory that is not there yet.
    params : mapping
        By name; those that are to be set.

    Raises
    ------
    OSError
        It cannot be written, or is there already.
    TypeError
        A param's value is of a wrong type.
    """
    if path.exists():
        raise FileExistsError(errno.EEXIST, "it exists", str(path))
    metadata = (json.dumps(_metadata(params)) + "\n").encode("utf-8")
    draft = path.parent / f".unfinished-{path.name}-{uuid.uuid4()}"
    try:
        _write(draft, values, metadata)
        draft.rename(path)
    except OSError:
        shutil.rmtree(draft, ignore_errors=True)
        raise


def _write(directory: Path, values: "Values", metadata: bytes) -> None:
    data = directory / "data"
    data.mkdir(parents=True)
    (directory / "metadata").mkdir()
    (directory / "metadata" / "part-00000").write_bytes(metadata)
    contents = {
        "graph.json": values.graph.encode("utf-8"),
        "weights.bin": values.weights,
        "state.bin": values.state,
    }
    for name, content in contents.items():
        (data / name).write_bytes(content)
    manifest = {
        "formatVersion": FORMAT,
        "sparkflowVersion": __version__,
        "layout": json.loads(values.layout),
        "files": {name: _entry(content) for name, content in contents.items()},
        "metadata": _entry(metadata),
    }
    listed = json.dumps(manifest).encode("utf-8")
    (data / "manifest.sha256").write_text(hashlib.sha256(listed).hexdigest(), encoding="ascii")
    (data / "manifest.json").write_bytes(listed)


def _metadata(params: Mapping[str, Any]) -> dict[str, Any]:
    stage = _Params()._set(**params)
    return {
        "class": CLASS,
        "timestamp": int(time.time() * 1000),
        "sparkVersion": pyspark.__version__,
        "uid": f"SparkAsyncDLModel_{uuid.uuid4().hex[-12:]}",
        "paramMap": {param.name: value for param, value in stage._paramMap.items()},
        "defaultParamMap": {param.name: value for param, value in stage._defaultParamMap.items()},
    }


def _entry(content: bytes) -> dict[str, Any]:
    return {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
