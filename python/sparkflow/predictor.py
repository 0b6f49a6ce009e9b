"""A trained model as a function in this process; of a saved model, without Spark."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sparkflow.model_reader import ModelContent, read_model

if TYPE_CHECKING:
    from numpy.typing import NDArray


def load_predictor(path: str | Path, *, tfOutput: str | None = None, threads: int = 0) -> Predictor:
    """A saved ``SparkAsyncDLModel`` as a function; needs TensorFlow, and neither Spark nor Java.

    Parameters
    ----------
    path : str or Path
        What ``save`` was given. One that begins with a scheme, such as ``hdfs://``, needs a SparkSession.
    tfOutput : str, optional
        Tensor to compute instead of the model's.
    threads : int
        Of TensorFlow; 0 for as many as there are cores.

    Raises
    ------
    FileNotFoundError
        There is no saved model, or a file of it is missing.
    ValueError
        It is no model, of a newer SparkFlow, or damaged: each byte is held to a checksum. Or there is no such
        tensor.
    """
    from sparkflow.files import fetched

    with fetched(str(path)) as local:
        content = read_model(Path(local))
    return Predictor(content, tfOutput=tfOutput, threads=threads)


class Predictor:
    """What a model computes, in a session of its own; may be called from several threads at once.

    Parameters
    ----------
    content : ModelContent
    tfOutput : str, optional
        Tensor to compute instead of the model's.
    threads : int
        Of TensorFlow, which fixes the number for the whole process when its first session starts; 0 for as
        many as there are cores.

    Raises
    ------
    ValueError
        A tensor is not in the graph, or cannot be fed or computed.
    """

    def __init__(self, content: ModelContent, *, tfOutput: str | None = None, threads: int = 0) -> None:
        from sparkflow.backend.feed import Fed
        from sparkflow.backend.predictor import GraphPredictor

        params = content.params
        tensors = params.get("tfInputs")
        self._columns: list[str] = params.get("inputCols", [])
        self._outputs: list[str] = [] if tfOutput else params.get("outputCols", [])
        self._computed = GraphPredictor(
            content.graph,
            content.layout,
            content.weights,
            content.state,
            [Fed("features", "tfInputs", tensor) for tensor in tensors] if tensors else params["tfInput"],
            tfOutput or params.get("tfOutputs") or params["tfOutput"],
            params.get("tfDropout"),
            1.0 if params["toKeepDropout"] else 0.0,
            params.get("inferenceBatchSize", 1024),
            threads,
        )

    def predict(self, x: Any) -> Any:
        """``tfOutput`` of rows, as ``transform`` computes it; with ``outputCols`` a dict of these by column.

        Parameters
        ----------
        x : array_like, ML vector, or list of ML vectors
            Of one dimension (or an ML vector, a number, a str): one row; or as many rows as it has values, if
            the input takes one value a row. Of more: rows, counted by the first dimension; the others are the
            row's values, in C order. Strings: a list of rows. For a model with ``inputCols``, a dict of these
            by column.

        Returns
        -------
        float or numpy.ndarray
            Of one row a float, or float64 of shape (k,) where the output has k values. Of n rows float64 of
            shape (n,) or (n, k).

        Raises
        ------
        ValueError
            ``x`` has no rows, rows of different sizes, or rows that do not fit the graph's input.
        RuntimeError
            After ``close``.
        TypeError
            ``x`` is neither numbers nor strings.
        """
        values = zip(self._of_columns(x), self._computed.widths, strict=True)
        given = [_rows(value, width) for value, width in values]
        single = all(alone for _, alone in given)
        if len({len(rows) for rows, _ in given}) > 1:
            counts = ", ".join(str(len(rows)) for rows, _ in given)
            raise ValueError(f"x has {counts} rows for {', '.join(self._columns)}: expected as many for each")
        found = [_plainest(output, single) for output in self._computed.all(*(rows for rows, _ in given))]
        return dict(zip(self._outputs, found, strict=True)) if self._outputs else found[0]

    def _of_columns(self, x: Any) -> list[Any]:
        if not self._columns:
            return [x]
        if not isinstance(x, Mapping) or set(x) != set(self._columns):
            found = f"a dict of {', '.join(map(str, x))}" if isinstance(x, Mapping) else type(x).__name__
            raise ValueError(f"x is {found}, expected a dict of the inputCols {', '.join(self._columns)}")
        return [x[name] for name in self._columns]

    def close(self) -> None:
        """Frees the session."""
        self._computed.close()

    def __enter__(self) -> Predictor:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _rows(x: Any, width: int | None) -> tuple[np.ndarray, bool]:
    """Return the rows as (n, k), numbers or objects, and whether `x` was a single one.

    `width` is how many values the input takes a row, if that is known.
    """
    is_vector = hasattr(x, "toArray")
    if isinstance(x, (list, tuple)):
        x = [_plain(row) for row in x]
    try:
        array = np.asarray(_plain(x))
    except ValueError as error:
        raise ValueError(f"x cannot be one array, its rows have different sizes: {error}") from error
    text = array.dtype.kind in "USO"
    if array.dtype.kind == "S":  # of a fixed size: without the zeros at the end of one
        array = np.asarray(_plain(x), object)
    if text and not all(isinstance(value, (str, bytes)) for value in array.flat):
        raise TypeError(
            f"x is {type(x).__name__} of {_kinds(array)}, expected numbers, ML vectors or strings"
        )
    if not text and array.dtype.kind not in "biuf":
        raise TypeError(f"x is of dtype {array.dtype}, expected numbers, ML vectors or strings")
    if width == 1 and array.ndim == 1 and array.size > 1 and not is_vector:
        array = array.reshape(-1, 1)
    single = array.ndim < (1 if text else 2)
    rows = array.reshape(1, -1) if single else array
    if not rows.size:
        raise ValueError(f"x has shape {array.shape}: there is nothing to predict from")
    rows = rows.reshape(len(rows), -1)
    return (rows.astype(object) if text else rows), single


def _plainest(outputs: NDArray[np.float64], single: bool) -> NDArray[np.float64] | float:
    """Return (n, 1) as (n,), and a single row as what is in it."""
    values = outputs[:, 0] if outputs.shape[1] == 1 else outputs
    if not single:
        return values
    return float(values[0]) if values.ndim == 1 else values[0]


def _plain(value: Any) -> Any:
    return value.toArray() if hasattr(value, "toArray") else value


def _kinds(array: np.ndarray) -> str:
    return ", ".join(sorted({type(value).__name__ for value in array.flat}))
