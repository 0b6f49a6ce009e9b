"""TensorFlow 1's optimizer objects and the (name, options) that ``SparkAsyncDL`` takes, one from the other.

The update itself runs on the parameter server; an object only carries its hyperparameters here.
"""

import numbers
from collections.abc import Mapping
from typing import Any

# The name → the class in tensorflow.compat.v1.train, and its options: constructor argument → where the object
# keeps it.
_LEARNING_RATE = {"learning_rate": "_learning_rate"}
_L1_L2 = {
    "l1_regularization_strength": "_l1_regularization_strength",
    "l2_regularization_strength": "_l2_regularization_strength",
}
_ACCUMULATOR = {"initial_accumulator_value": "_initial_accumulator_value"}
_OPTIMIZERS: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "adam": (
        "AdamOptimizer",
        {"learning_rate": "_lr", "beta1": "_beta1", "beta2": "_beta2", "epsilon": "_epsilon"},
    ),
    "rmsprop": (
        "RMSPropOptimizer",
        {
            **_LEARNING_RATE,
            "decay": "_decay",
            "momentum": "_momentum",
            "epsilon": "_epsilon",
            "centered": "_centered",
        },
    ),
    "momentum": (
        "MomentumOptimizer",
        {**_LEARNING_RATE, "momentum": "_momentum", "use_nesterov": "_use_nesterov"},
    ),
    "adadelta": ("AdadeltaOptimizer", {"learning_rate": "_lr", "rho": "_rho", "epsilon": "_epsilon"}),
    "adagrad": ("AdagradOptimizer", {**_LEARNING_RATE, **_ACCUMULATOR}),
    "gradient_descent": ("GradientDescentOptimizer", _LEARNING_RATE),
    "adagrad_da": (
        "AdagradDAOptimizer",
        {
            **_LEARNING_RATE,
            "initial_gradient_squared_accumulator_value": "_initial_gradient_squared_accumulator_value",
            **_L1_L2,
        },
    ),
    "ftrl": (
        "FtrlOptimizer",
        {
            **_LEARNING_RATE,
            "learning_rate_power": "_learning_rate_power",
            **_ACCUMULATOR,
            **_L1_L2,
            "l2_shrinkage_regularization_strength": "_l2_shrinkage_regularization_strength",
            "beta": "_beta",
        },
    ),
    "proximal_adagrad": ("ProximalAdagradOptimizer", {**_LEARNING_RATE, **_ACCUMULATOR, **_L1_L2}),
    "proximal_gradient_descent": ("ProximalGradientDescentOptimizer", {**_LEARNING_RATE, **_L1_L2}),
}


def optimizer_options(optimizer: Any) -> tuple[str, dict[str, float | bool]]:
    """The name and the options of a ``tensorflow.compat.v1.train`` optimizer object.

    Parameters
    ----------
    optimizer : tensorflow.compat.v1.train.Optimizer
        One of the ten classes that ``tfOptimizer`` names.

    Returns
    -------
    name : str
        For ``tfOptimizer``.
    options : dict
        Constructor argument → number or bool; ``learning_rate`` always among them. For ``optimizerOptions``,
        as JSON.

    Raises
    ------
    TypeError
        Not such an object, or a subclass, whose own update rule could not be known.
    ValueError
        A hyperparameter is no plain number, such as a tensor or a schedule: the update does not run in
        TensorFlow.
    """
    found = type(optimizer)
    for name, (class_name, attributes) in _OPTIMIZERS.items():
        if found.__name__ == class_name and found.__module__.startswith("tensorflow."):
            return name, {
                option: _plain(class_name, option, getattr(optimizer, attribute))
                for option, attribute in attributes.items()
            }
    raise TypeError(
        f"optimizer must be an object of tensorflow.compat.v1.train, one of"
        f" {', '.join(c for c, _ in _OPTIMIZERS.values())}; got {found.__module__}.{found.__qualname__}."
        " For example: tf1.train.AdamOptimizer(learning_rate=0.001)"
    )


def _plain(class_name: str, option: str, value: Any) -> float | bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, numbers.Real):  # Python's and NumPy's
        return float(value)
    raise ValueError(
        f"{option} of {class_name} is {value!r}: it must be a plain number, since the parameter server,"
        " not TensorFlow, applies the update; schedules and tensors are not supported"
    )


def build_optimizer(
    optimizer_name: str, learning_rate: float, optimizer_options: Mapping[str, Any] | None = None
) -> Any:
    """A ``tensorflow.compat.v1.train`` optimizer object by name, for ``HogwildSparkModel(optimizer=…)``.

    Parameters
    ----------
    optimizer_name : str
        One of the ten names of ``tfOptimizer``.
    learning_rate : float
        Used where ``optimizer_options`` is None or has no ``learning_rate``.
    optimizer_options : mapping, optional
        TensorFlow's constructor arguments. ``momentum`` of the optimizer of that name is 0.9 unless given.

    Raises
    ------
    ValueError
        Unknown name. (SparkFlow 0.7 fell back to gradient descent in silence.)
    TypeError
        An option that the optimizer has not.
    """
    if optimizer_name not in _OPTIMIZERS:
        raise ValueError(f"unknown optimizer {optimizer_name!r}: expected one of {', '.join(_OPTIMIZERS)}")
    from sparkflow import tf1 as tf

    options = {"learning_rate": learning_rate, **(optimizer_options or {})}
    if optimizer_name == "momentum":
        options.setdefault("momentum", 0.9)
    if optimizer_name == "adagrad":  # the name that build_adagrad_config has always written
        accumulator = options.pop("initial_accumulator", None)
        if accumulator is not None:
            options.setdefault("initial_accumulator_value", accumulator)
    if optimizer_name == "adagrad_da":  # the server counts the steps
        options.setdefault("global_step", 0)
    return getattr(tf.train, _OPTIMIZERS[optimizer_name][0])(**options)
