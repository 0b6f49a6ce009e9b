"""Which optimizer of the parameter server takes the steps that a Keras optimizer takes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import keras
import numpy as np

from sparkflow.backend.keras.schedule import schedule_of

Config = Mapping[str, Any]


class Rule(NamedTuple):
    """What the params `tfOptimizer`, `tfLearningRate`, `optimizerOptions` and `learningRateSchedule` take.

    `gradients` has those of what is done to gradients before, by the params' names.
    """

    name: str
    learning_rate: float
    options: dict[str, float | bool]
    schedule: dict[str, Any] | None = None
    gradients: Mapping[str, float | int] = {}


def rule_of(optimizer: Any, variables: Sequence[Any] = ()) -> Rule:
    """Return the server's rule for an optimizer, as `compile` takes it.

    Parameters
    ----------
    optimizer : str or keras.optimizers.Optimizer
    variables : sequence of keras.Variable
        What it is to train.

    Raises
    ------
    TypeError, ValueError
        No rule of the server takes the same steps; the message names the optimizer or its setting.
    """
    if not isinstance(optimizer, (str, keras.optimizers.Optimizer)):
        raise TypeError(
            "optimizer must be an object or a name of keras.optimizers, got "
            f"{type(optimizer).__module__}.{type(optimizer).__qualname__}"
        )
    found = keras.optimizers.get(optimizer)
    kind = type(found)
    make = _RULES.get(kind)
    if make is None:
        hint = ""
        if isinstance(found, keras.optimizers.LossScaleOptimizer):
            hint = "; float16 needs it, so train in float32 or bfloat16 (mixed_bfloat16)"
        raise ValueError(
            f"optimizer {kind.__name__} of Keras has no equal on the parameter server{hint}; these have: "
            f"{', '.join(known.__name__ for known in _RULES)}. tfOptimizer names one of the server's own"
        )
    rate, schedule = found._learning_rate, None
    if isinstance(rate, keras.optimizers.schedules.LearningRateSchedule):
        rate, schedule = schedule_of(rate)
    elif callable(rate):
        raise ValueError(
            f"optimizer {kind.__name__} has a function for its learning rate, which the server cannot "
            "call: give it a number or a schedule of keras.optimizers.schedules"
        )
    config = found.get_config()
    words = f"optimizer {kind.__name__} has"
    _refuse_settings(words, config)
    decay = config["weight_decay"]
    if decay and kind not in _DECAYING:
        raise ValueError(
            f"{words} weight_decay={decay}, which only {', '.join(k.__name__ for k in _DECAYING)} have here: "
            "use one of those, or a kernel_regularizer"
        )
    if decay and not all(found._use_weight_decay(variable) for variable in variables):
        raise ValueError(
            f"{words} variables that are excluded from its weight decay, but the parameter server decays "
            "all: exclude none, or use a kernel_regularizer"
        )
    name, options = make(config)
    if schedule is not None and name == "momentum":
        # TensorFlow's velocity has no rate in it, Keras' has: not the same once the rate changes.
        name, options = "keras_momentum", {"momentum": options["momentum"], "nesterov": config["nesterov"]}
    return Rule(
        name, rate if schedule else _short(config["learning_rate"]), options, schedule, _gradients(config)
    )


# What a config has for a setting that is not in use.
_UNUSED: Mapping[str, tuple[Any, ...]] = {
    "use_ema": (False, None),
    "loss_scale_factor": (None, 1, 1.0),
}
# The params that do what these settings do; Keras' names for them.
_GRADIENTS: Mapping[str, str] = {
    "global_clipnorm": "clipNorm",
    "clipnorm": "clipVariableNorm",
    "clipvalue": "clipValue",
    "gradient_accumulation_steps": "gradientAccumulationSteps",
}


def _gradients(config: Config) -> dict[str, float | int]:
    return {param: config[name] for name, param in _GRADIENTS.items() if config.get(name)}


def _refuse_settings(words: str, config: Config) -> None:
    for name, unused in _UNUSED.items():
        if config.get(name) not in unused:
            raise ValueError(
                f"{words} {name}={config[name]!r}, which the parameter server does not do yet: leave it out"
            )
    if config.get("amsgrad"):
        raise ValueError(f"{words} amsgrad=True, which the parameter server does not do: leave it out")


def _sgd(config: Config) -> tuple[str, dict[str, float | bool]]:
    if not config["momentum"]:
        return "gradient_descent", {}
    return "momentum", {"momentum": config["momentum"], "use_nesterov": config["nesterov"]}


def _adam(config: Config) -> tuple[str, dict[str, float | bool]]:
    options = {**_betas(config), "epsilon": config["epsilon"]}
    if not config["weight_decay"]:
        return "adam", options
    return "adamw", {**options, "weight_decay": config["weight_decay"]}


def _rmsprop(config: Config) -> tuple[str, dict[str, float | bool]]:
    return "keras_rmsprop", {name: config[name] for name in ("rho", "momentum", "epsilon", "centered")}


def _adagrad(config: Config) -> tuple[str, dict[str, float | bool]]:
    start, epsilon = config["initial_accumulator_value"], config["epsilon"]
    # The server's rule has no epsilon. Beside such an accumulator it makes a step shorter by 5e-6 at most.
    if epsilon > 1e-5 * start:
        raise ValueError(
            f"optimizer Adagrad has epsilon={epsilon}, which the parameter server's has not: with "
            f"initial_accumulator_value={start}, give it {1e-5 * start:g} or less"
        )
    return "adagrad", {"initial_accumulator_value": start}


def _adadelta(config: Config) -> tuple[str, dict[str, float | bool]]:
    return "adadelta", {"rho": config["rho"], "epsilon": config["epsilon"]}


def _ftrl(config: Config) -> tuple[str, dict[str, float | bool]]:
    names = (
        "learning_rate_power",
        "initial_accumulator_value",
        "l1_regularization_strength",
        "l2_regularization_strength",
        "l2_shrinkage_regularization_strength",
        "beta",
    )
    return "ftrl", {name: config[name] for name in names}


def _nadam(config: Config) -> tuple[str, dict[str, float | bool]]:
    return "nadam", {**_betas(config), "epsilon": config["epsilon"]}


def _lion(config: Config) -> tuple[str, dict[str, float | bool]]:
    return "lion", {**_betas(config), "weight_decay": config["weight_decay"] or 0.0}


def _lamb(config: Config) -> tuple[str, dict[str, float | bool]]:
    decay = config["weight_decay"] or 0.0
    return "lamb", {**_betas(config), "epsilon": config["epsilon"], "weight_decay": decay}


def _betas(config: Config) -> dict[str, float | bool]:
    return {"beta1": config["beta_1"], "beta2": config["beta_2"]}


_optimizers = keras.optimizers
# Subclasses are not among them: their steps may be their own.
_RULES: Mapping[type, Callable[[Config], tuple[str, dict[str, float | bool]]]] = {
    _optimizers.SGD: _sgd,
    _optimizers.Adam: _adam,
    _optimizers.AdamW: _adam,
    _optimizers.RMSprop: _rmsprop,
    _optimizers.Adagrad: _adagrad,
    _optimizers.Adadelta: _adadelta,
    _optimizers.Ftrl: _ftrl,
    _optimizers.Nadam: _nadam,
    _optimizers.Lion: _lion,
}
if hasattr(_optimizers, "Lamb"):  # not in the first versions of Keras 3
    _RULES = {**_RULES, _optimizers.Lamb: _lamb}
_DECAYING = tuple(kind for kind in _RULES if kind.__name__ in ("Adam", "AdamW", "Lion", "Lamb"))


def _short(rate: float) -> float:
    """Keras keeps the rate as float32: the shortest number that rounds to it is what the user wrote."""
    return float(str(np.float32(rate)))
