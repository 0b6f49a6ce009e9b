"""What a row's label says of its class, and how much the row counts by it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from sparkflow.worker.columns import Column
from sparkflow.worker.spec import TrainSpec


def weigh(spec: TrainSpec, given: Sequence[Column], *, held_out: bool = False) -> list[Column]:
    """Return the columns that are fed, in the order of `spec.fed`, given those that came.

    A row's weight is that of its class times its own. As in Keras, classes do not count where rows are held
    out.

    Raises
    ------
    ValueError
        As `by_class` does.
    """
    names = [fed.name for fed in spec.columns]
    columns = dict(zip(names, given, strict=True))
    if spec.class_weights and len(given[0]):
        own: Any = columns.get("weight")
        label: Any = columns[spec.labels[0].name]
        of_class = np.ones((len(label), 1), np.float32) if held_out else by_class(label, spec.class_weights)
        columns["weight"] = of_class if own is None else of_class * own
    return [columns.get(fed.name, np.empty((0, 0), np.float32)) for fed in spec.fed]


def by_class(label: np.ndarray, weights: Mapping[int, float]) -> np.ndarray:
    """Return the weight of each row's class, float32 of shape (n, 1); 1 for a class that has none.

    Parameters
    ----------
    label : numpy.ndarray
        Of shape (n, 1), the number of the class, or (n, k), of which the largest value is the class'.

    Raises
    ------
    ValueError
        If a label is no number of a class, or there are fewer classes than weights tell of.
    """
    count = label.shape[1]
    if count == 1:
        classes = label[:, 0]
        bad = ~((classes >= 0) & (classes == np.floor(classes)) & np.isfinite(classes))
        if bad.any():
            raise ValueError(
                f"classWeights is set, but the label column has the value {classes[bad][0]}, which is no "
                "class: expected whole numbers from 0, or a one-hot vector; leave classWeights out, or weigh "
                "the rows by sampleWeightCol"
            )
    else:
        classes = label.argmax(axis=1)
        if max(weights) >= count:
            raise ValueError(
                f"classWeights has the class {max(weights)}, but the label column has vectors of {count} "
                f"values, so of classes 0 to {count - 1}: leave that class out"
            )
    found, where = np.unique(classes, return_inverse=True)
    each = np.array([weights.get(int(number), 1.0) for number in found], np.float32)
    return each[where].reshape(-1, 1)


def check_two_classes(label: Column) -> None:
    """Refuse labels that are not 0, 1 or between them.

    Raises
    ------
    ValueError
        Naming the first that is none.
    """
    if isinstance(label, np.ndarray) and (bad := ~((label >= 0) & (label <= 1)) & ~np.isnan(label)).any():
        raise ValueError(
            f"the label column has the value {label[bad][0]}, but tfOutput gives one value a row, and so "
            "tells of two classes, 0 and 1: make such labels with StringIndexer, or name a tfOutput with "
            "a value for each class"
        )
