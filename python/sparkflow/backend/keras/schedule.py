"""Which `learningRateSchedule` gives the rates that a schedule of Keras gives."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras

_schedules = keras.optimizers.schedules
# The names here; the options, but for the rate to begin with, have Keras' names.
_NAMES: Mapping[type, str] = {
    _schedules.ExponentialDecay: "exponential_decay",
    _schedules.PiecewiseConstantDecay: "piecewise_constant_decay",
    _schedules.PolynomialDecay: "polynomial_decay",
    _schedules.InverseTimeDecay: "inverse_time_decay",
    _schedules.CosineDecay: "cosine_decay",
    _schedules.CosineDecayRestarts: "cosine_decay_restarts",
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
    config = schedule.get_config()
    config["schedule"] = _NAMES[kind]
    del config["name"]
    if "values" in config:
        return config["values"][0], config
    rate = config.pop("initial_learning_rate")
    target, steps = config.pop("warmup_target", None), config.pop("warmup_steps", 0)
    if target is not None:  # Keras' name for where a warm-up begins is that of the rate
        config |= {"warmup_start": rate, "warmup_steps": steps}
        rate = target
    return rate, config
