"""Which `learningRateSchedule` gives the rates that a schedule of Keras gives."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras

_schedules = keras.optimizers.schedules
# The name here, and Keras' name of the rate that it begins with; the other options have the same names.
_NAMES: Mapping[type, tuple[str, str | None]] = {
    _schedules.ExponentialDecay: ("exponential_decay", "initial_learning_rate"),
    _schedules.PiecewiseConstantDecay: ("piecewise_constant_decay", None),
    _schedules.PolynomialDecay: ("polynomial_decay", "initial_learning_rate"),
    _schedules.InverseTimeDecay: ("inverse_time_decay", "initial_learning_rate"),
    _schedules.CosineDecay: ("cosine_decay", "initial_learning_rate"),
    _schedules.CosineDecayRestarts: ("cosine_decay_restarts", "initial_learning_rate"),
}


def schedule_of(schedule: Any) -> tuple[float, dict[str, Any]]:
    """Return the rate to begin with and what `learningRateSchedule` takes.

    Parameters
    ----------
    schedule : keras.optimizers.schedules.LearningRateSchedule

    Raises
    ------
    ValueError
        It is none of Keras' own: its rates cannot be known to the server.
    """
    kind = type(schedule)
    if kind not in _NAMES:
        raise ValueError(
            f"learning rate schedule {kind.__name__} has no equal on the parameter server; these have: "
            f"{', '.join(known.__name__ for known in _NAMES)}. Or give the optimizer a number, and the "
            "estimator a learningRateSchedule"
        )
    name, begin = _NAMES[kind]
    config = {option: value for option, value in schedule.get_config().items() if option != "name"}
    if begin is None:
        return config["values"][0], {"schedule": name, **config}
    rate = config.pop(begin)
    target, steps = config.pop("warmup_target", None), config.pop("warmup_steps", 0)
    if target is not None:  # Keras' name for where a warm-up begins is that of the rate
        config |= {"warmup_start": rate, "warmup_steps": steps}
        rate = target
    return rate, {"schedule": name, **config}
