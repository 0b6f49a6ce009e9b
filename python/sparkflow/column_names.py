"""Columns that are given by the names of what they feed."""

from collections.abc import Mapping, Sequence
from typing import Any


def in_order(param: str, columns: Any, names: Sequence[str]) -> list[str]:
    """The columns in the order of `names`.

    Parameters
    ----------
    param : str
        Which param they are the value of, for messages.
    columns : mapping or sequence of str
        By name; or in that order already.
    names : sequence of str
        What they feed.

    Raises
    ------
    ValueError
        There is not one column for each.
    """
    if isinstance(columns, Mapping):
        if set(columns) != set(names):
            raise ValueError(f"{param} has columns for {', '.join(columns)}, expected {', '.join(names)}")
        return [columns[name] for name in names]
    found = [columns] if isinstance(columns, str) else list(columns)
    if len(found) != len(names):
        raise ValueError(
            f"{param} has {len(found)} ({', '.join(map(str, found))}), expected one column for each of "
            f"{', '.join(names)}, in this order"
        )
    return found
