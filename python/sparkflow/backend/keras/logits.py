"""Whether a model's first output is logits, as the loss that the model was compiled with tells."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import keras


def of_loss(loss: Any) -> bool:
    """Whether a loss, or what Keras writes of one into a file, takes logits."""
    if isinstance(loss, keras.losses.Loss):
        loss = {"config": loss.get_config()}
    settings = loss.get("config") if isinstance(loss, dict) else None
    return isinstance(settings, dict) and settings.get("from_logits") is True


def of_model(model: Any) -> bool:
    return bool(model.compiled) and of_loss(_first(getattr(model, "loss", None)))


def of_file(path: Path) -> bool:
    """The same of a `.keras` or `.h5` file; it is not compiled, which may need classes that are not here."""
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            text = archive.read("config.json")
        compiled = json.loads(text).get("compile_config")
    else:
        import h5py  # type: ignore[import-untyped]

        with h5py.File(path) as file:
            compiled = json.loads(file.attrs.get("training_config", "null"))
    return of_loss(_first((compiled or {}).get("loss")))


def _first(losses: Any) -> Any:
    """The loss of the first output; in a dict by outputs, the first that is named."""
    if isinstance(losses, dict) and "class_name" not in losses:
        losses = list(losses.values())
    if isinstance(losses, (list, tuple)):
        return losses[0] if losses else None
    return losses
