"""Which kind of model lies at a path, and how it is opened."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from sparkflow.backend.keras import files, logits
from sparkflow.backend.keras.convert import predictor
from sparkflow.backend.pretrained import checkpoint, frozen, saved_model
from sparkflow.backend.pretrained.opened import Opened, opened

_KINDS = (
    "the directory of a SavedModel, a .keras or .h5 file, the path that tf.train.Saver.save returned (beside "
    "it lies its .meta file), or a frozen graph (.pb, .pbtxt)"
)


def open_model(
    path: str,
    *,
    signature: str | None = None,
    tags: Iterable[str] | None = None,
    custom_objects: Mapping[str, Any] | None = None,
) -> Opened:
    """Open a model that something else has saved.

    Parameters
    ----------
    path : str
        Of a SavedModel, a Keras model (`.keras`, `.h5`), a TensorFlow 1 checkpoint or a frozen graph.
    signature, tags
        Which of a SavedModel's; see `saved_model.read`.
    custom_objects : mapping, optional
        Classes by name, for a Keras model.

    Raises
    ------
    FileNotFoundError
        There is nothing.
    ValueError
        It is none of these, or cannot be had here; the message says what to change.
    """
    where = Path(path)
    given = {"signature": signature, "tags": tags, "custom_objects": custom_objects}
    if saved_model.is_saved_model(where):
        _refuse(given, "a SavedModel", ("signature", "tags"))
        return opened(saved_model.read(where, signature, tags))
    if files.is_keras(where):
        _refuse(given, "a Keras model", ("custom_objects",))
        found = predictor(files.read(where, custom_objects))
        return found._replace(from_logits=logits.of_file(where))
    if checkpoint.is_checkpoint(where):
        _refuse(given, "a checkpoint", ())
        return checkpoint.read(where)
    if frozen.is_frozen(where):
        _refuse(given, "a frozen graph", ())
        return frozen.read(where)
    if not where.exists():
        raise FileNotFoundError(f"there is nothing at {path}: expected {_KINDS}")
    raise ValueError(f"{path} is no model that is known here: expected {_KINDS}; {_found(where)}")


def _refuse(given: Mapping[str, Any], kind: str, takes: tuple[str, ...]) -> None:
    wrong = [name for name, value in given.items() if value is not None and name not in takes]
    if wrong:
        raise ValueError(f"{wrong[0]} is not for {kind}: leave it out")


def _found(path: Path) -> str:
    if path.is_file():
        return "it is another kind of file"
    names = sorted(child.name for child in path.iterdir())
    return f"in the directory are {', '.join(names[:10]) or 'no files'}{', …' if len(names) > 10 else ''}"
