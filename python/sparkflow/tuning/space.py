"""What a search may choose from."""

from collections.abc import Callable, Mapping
from typing import Any

Space = Mapping[str, Any] | Callable[[Any], Mapping[str, Any]]

_EXPECTED = "a list of choices, ('float', low, high), ('log', low, high) or ('int', low, high)"


def check(space: Space, params: set[str]) -> None:
    """Raises ValueError if the space is empty, chooses of what is no param, or has a range that is none.

    Parameters
    ----------
    params : set of str
        Names of what a trial may set.
    """
    if callable(space):
        return
    if not space:
        raise ValueError(f"the space is empty: give a dict of params, the value of each {_EXPECTED}")
    for name, choice in space.items():
        if name not in params:
            raise ValueError(f"the space chooses {name!r}, but SparkAsyncDL has no such argument")
        _check_choice(name, choice)


def suggest(space: Space, trial: Any) -> dict[str, Any]:
    """What an ``optuna.trial.Trial`` chooses from a space that `check` let pass.

    Raises
    ------
    TypeError
        A function for a space returned no dict.
    """
    if callable(space):
        values = space(trial)
        if not isinstance(values, Mapping):
            raise TypeError(
                f"the space's function returned {values!r}: expected a dict of arguments of SparkAsyncDL"
            )
        return dict(values)
    return {name: _suggest(trial, name, choice) for name, choice in space.items()}


def _suggest(trial: Any, name: str, choice: Any) -> Any:
    if isinstance(choice, list):
        return trial.suggest_categorical(name, choice)
    kind, low, high = choice
    if kind == "int":
        return trial.suggest_int(name, low, high)
    return trial.suggest_float(name, low, high, log=kind == "log")


def _check_choice(name: str, choice: Any) -> None:
    wrong = f"the space's {name!r} is {choice!r}, expected {_EXPECTED}"
    if isinstance(choice, list):
        if not choice:
            raise ValueError(wrong)
        return
    if not (isinstance(choice, tuple) and len(choice) == 3 and choice[0] in ("float", "log", "int")):
        raise ValueError(wrong)
    kind, low, high = choice
    numbers = (int,) if kind == "int" else (int, float)
    if not all(isinstance(bound, numbers) and not isinstance(bound, bool) for bound in (low, high)):
        raise ValueError(
            f"{wrong}, with numbers{' that are whole' if kind == 'int' else ''} for low and high"
        )
    if not low < high or (kind == "log" and low <= 0):
        raise ValueError(f"{wrong}, with low below high{' and above 0' if kind == 'log' else ''}")
