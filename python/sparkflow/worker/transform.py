"""The user's own function over each mini-batch, such as one that varies images at random."""

from __future__ import annotations

import importlib
import sys
import zipimport
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

import sparkflow

# (features, label or None, generator) → (features, label or None)
Function = Callable[[np.ndarray, "np.ndarray | None", np.random.Generator], Any]


class Transform:
    """Calls `transformFn`.

    Parameters
    ----------
    name : str
        "module.function".
    labelled : bool
        Whether the label comes after the features in a mini-batch; what comes then is left alone.
    seed : sequence of int
        What the numbers that the function draws depend on, beside the mini-batch's own.

    Raises
    ------
    ValueError
        If there is no such function here.
    """

    def __init__(self, name: str, labelled: bool, seed: Sequence[int]) -> None:
        self._words = f"transformFn '{name}'"
        self._function = self._found(name)
        self._labelled = labelled
        self._seed = [number % (1 << 64) for number in seed]

    def __call__(self, inputs: Sequence[np.ndarray], iteration: int, step: int) -> list[np.ndarray]:
        """Return a mini-batch as the function makes it.

        Parameters
        ----------
        inputs : sequence of numpy.ndarray
            What the model is fed. The function may change these arrays.
        iteration, step : int
            Which mini-batch it is: a task that is tried again comes to the same.

        Raises
        ------
        ValueError
            If the function fails, or returns something of another shape or dtype.
        """
        features, others = inputs[0], list(inputs[1:])
        label = others.pop(0) if self._labelled else None
        given = [("features", features)] + ([] if label is None else [("label", label)])
        wanted = [(what, array.shape, array.dtype) for what, array in given]
        random = np.random.default_rng([*self._seed, iteration, step])
        try:
            made = self._function(features, label, random)
        except Exception as error:
            raise ValueError(f"{self._words} raised {type(error).__name__}: {error}") from error
        if not isinstance(made, tuple) or len(made) != 2:
            raise ValueError(f"{self._words} returned {_kind(made)}, expected a tuple (features, label)")
        if label is None and made[1] is not None:
            raise ValueError(
                f"{self._words} returned a label, but there is no labelCol: return (features, None)"
            )
        return [*(self._checked(*each) for each in zip(made, wanted, strict=False)), *others]

    def _checked(self, array: Any, wanted: tuple[str, tuple[int, ...], Any]) -> np.ndarray:
        what, shape, dtype = wanted
        if not isinstance(array, np.ndarray) or (array.shape, array.dtype) != (shape, dtype):
            raise ValueError(
                f"{self._words} returned {_kind(array)} for the {what}, expected what it was given: an "
                f"array, {dtype.name} of shape {shape}"
            )
        return np.ascontiguousarray(array)

    def _found(self, name: str) -> Function:
        module_name, _, function_name = name.rpartition(".")
        try:
            module = _imported(module_name)
        except ModuleNotFoundError as error:
            raise ValueError(
                f"{self._words} cannot be imported by the workers ({error}): ship the file with --py-files "
                "or spark.sparkContext.addPyFile(…), or install it on every machine"
            ) from error
        function: Any = getattr(module, function_name, None)
        if not callable(function):
            what = "has no" if function is None else "has no function"
            raise ValueError(
                f"{self._words}: module '{module_name}' ({module.__file__}) {what} '{function_name}': name a "
                "function that takes (features, label, random)"
            )
        found: Function = function
        return found


def _imported(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError:
        new = [path for path in _archives() if path not in sys.path]
        if not new:
            raise
        sys.path += new
        importlib.invalidate_caches()
        return importlib.import_module(name)


def _archives() -> list[str]:
    """The archives that were shipped: Spark puts them beside ours, and names them to PySpark's functions."""
    loader = getattr(sparkflow.__spec__, "loader", None)
    if not isinstance(loader, zipimport.zipimporter):
        return []
    beside = Path(loader.archive).parent.iterdir()
    return sorted(str(path) for path in beside if path.suffix in (".zip", ".egg"))


def _kind(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return f"{value.dtype.name} of shape {value.shape}"
    return f"a {type(value).__name__}" + (f" of {len(value)}" if isinstance(value, (tuple, list)) else "")
