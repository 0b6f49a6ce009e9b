"""Makes tests/fixtures/optimizers: what optimizers of TensorFlow and Keras do, step by step.

    .venv/bin/python dev/optimizer_fixtures.py            writes index.json and weights.bin
    .venv/bin/python dev/optimizer_fixtures.py --check    only compares them with the TensorFlow installed

index.json names the cases and holds the defaults of the constructors. weights.bin holds
little-endian float32: for each case the first ``recorded`` weights after each step, then all weights after
the last step. The weights are one flat vector: the variables of ``shapes``, one after the other. Initial
weights and gradients are not stored; both languages draw them from the generator in ``Draws``.
"""

from __future__ import annotations

import argparse
import inspect
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tensorflow2
import tensorflow.compat.v1 as tf

import keras  # isort: skip

HERE = Path(__file__).resolve().parent.parent / "tests" / "fixtures" / "optimizers"
STEPS = 25
SHAPES: list[list[int]] = [[], [7], [5, 3], [1000]]
SIZES = [int(np.prod(shape)) for shape in SHAPES]
TOTAL = sum(SIZES)
# Each element goes its own way, or that of its variable: in the cases with options a part of the long vector
# is enough.
PART = TOTAL - 1000 + 64

CONSTRUCTORS = {
    "adam": tf.train.AdamOptimizer,
    "rmsprop": tf.train.RMSPropOptimizer,
    "momentum": tf.train.MomentumOptimizer,
    "adadelta": tf.train.AdadeltaOptimizer,
    "adagrad": tf.train.AdagradOptimizer,
    "gradient_descent": tf.train.GradientDescentOptimizer,
    "adagrad_da": tf.train.AdagradDAOptimizer,
    "ftrl": tf.train.FtrlOptimizer,
    "proximal_adagrad": tf.train.ProximalAdagradOptimizer,
    "proximal_gradient_descent": tf.train.ProximalGradientDescentOptimizer,
}

# Those that TensorFlow 1 has not.
KERAS = {
    "adamw": keras.optimizers.AdamW,
    "keras_rmsprop": keras.optimizers.RMSprop,
    "keras_momentum": keras.optimizers.SGD,
    "nadam": keras.optimizers.Nadam,
    "lion": keras.optimizers.Lion,
    "lamb": keras.optimizers.Lamb,
}
# Keras' names of options, where ours are TensorFlow's.
KERAS_NAMES = {"beta1": "beta_1", "beta2": "beta_2"}

L1, L2 = "l1_regularization_strength", "l2_regularization_strength"
SHRINKAGE = "l2_shrinkage_regularization_strength"

# (optimizer, learning rate, options). Those without options come first, one for each optimizer.
CASES: list[tuple[str, float, dict[str, Any]]] = [
    ("adam", 0.01, {}),
    ("rmsprop", 0.01, {}),
    ("momentum", 0.01, {"momentum": 0.9}),
    ("adadelta", 0.5, {}),
    ("adagrad", 0.1, {}),
    ("gradient_descent", 0.1, {}),
    ("adagrad_da", 0.1, {}),
    ("ftrl", 0.1, {}),
    ("proximal_adagrad", 0.1, {}),
    ("proximal_gradient_descent", 0.1, {}),
    ("adam", 0.3, {"beta1": 0.5, "beta2": 0.9, "epsilon": 0.1}),
    ("adam", 0.001, {"beta1": 0.0, "beta2": 0.99999, "epsilon": 1e-7}),
    ("rmsprop", 0.05, {"decay": 0.5, "momentum": 0.8, "epsilon": 1e-3}),
    ("rmsprop", 0.01, {"centered": True}),
    ("rmsprop", 0.02, {"centered": True, "momentum": 0.9, "decay": 0.8, "epsilon": 0.01}),
    ("momentum", 0.05, {"momentum": 0.5, "use_nesterov": True}),
    ("momentum", 0.05, {"momentum": -0.3}),
    ("adadelta", 1.0, {"rho": 0.5, "epsilon": 1e-3}),
    ("adagrad", 0.5, {"initial_accumulator_value": 3.0}),
    ("adagrad_da", 0.5, {L1: 0.05}),
    ("adagrad_da", 0.5, {L2: 0.2}),
    ("adagrad_da", 0.5, {L1: 0.02, L2: 0.1, "initial_gradient_squared_accumulator_value": 2.0}),
    ("ftrl", 0.5, {L1: 0.3, L2: 0.1}),
    ("ftrl", 0.5, {SHRINKAGE: 0.05, "beta": 1.0}),
    ("ftrl", 0.2, {"initial_accumulator_value": 0.0}),
    ("ftrl", 0.2, {"initial_accumulator_value": 0.0, L1: 0.5, "learning_rate_power": -0.7}),
    ("ftrl", 0.2, {"learning_rate_power": -0.3, L1: 0.1, L2: 0.1, SHRINKAGE: 0.02, "beta": 0.5}),
    ("ftrl", 0.2, {"learning_rate_power": 0.0}),
    ("proximal_adagrad", 0.2, {L1: 0.05}),
    ("proximal_adagrad", 0.2, {L1: 0.05, L2: 0.3, "initial_accumulator_value": 1.0}),
    ("proximal_gradient_descent", 0.05, {L1: 0.2}),
    ("proximal_gradient_descent", 0.05, {L1: 0.2, L2: 0.5}),
    ("proximal_gradient_descent", 0.05, {L2: 0.5}),
    ("adamw", 0.01, {}),
    ("keras_rmsprop", 0.01, {}),
    ("nadam", 0.01, {}),
    ("lion", 0.01, {}),
    ("adamw", 0.05, {"beta1": 0.5, "beta2": 0.9, "epsilon": 0.1, "weight_decay": 0.3}),
    ("keras_rmsprop", 0.05, {"rho": 0.5, "momentum": 0.8, "epsilon": 1e-3}),
    ("keras_rmsprop", 0.02, {"centered": True, "momentum": 0.9, "rho": 0.8, "epsilon": 0.01}),
    ("nadam", 0.05, {"beta1": 0.5, "beta2": 0.9, "epsilon": 0.1}),
    ("lion", 0.02, {"beta1": 0.5, "beta2": 0.7, "weight_decay": 0.1}),
    ("keras_momentum", 0.05, {"momentum": 0.9}),
    ("keras_momentum", 0.05, {"momentum": 0.5, "nesterov": True}),
    # With a learning rate that changes: those in whose slots it may be, or not.
    ("keras_momentum", 0.05, {"momentum": 0.9, "schedule": {"schedule": "constant", "warmup_steps": 10}}),
    (
        "keras_momentum",
        0.05,
        {
            "momentum": 0.9,
            "nesterov": True,
            "schedule": {"schedule": "exponential_decay", "decay_steps": 5, "decay_rate": 0.5},
        },
    ),
    (
        "keras_rmsprop",
        0.05,
        {"momentum": 0.8, "schedule": {"schedule": "exponential_decay", "decay_steps": 5, "decay_rate": 0.5}},
    ),
    (
        "adamw",
        0.05,
        {"weight_decay": 0.3, "schedule": {"schedule": "cosine_decay", "decay_steps": 15, "warmup_steps": 5}},
    ),
    ("nadam", 0.05, {"schedule": {"schedule": "inverse_time_decay", "decay_steps": 3, "decay_rate": 0.5}}),
    ("lion", 0.05, {"weight_decay": 0.1, "schedule": {"schedule": "polynomial_decay", "decay_steps": 12}}),
    ("lamb", 0.01, {}),
    ("lamb", 0.05, {"beta1": 0.5, "beta2": 0.9, "epsilon": 0.1, "weight_decay": 0.3}),
    (
        "lamb",
        0.05,
        {"weight_decay": 0.3, "schedule": {"schedule": "cosine_decay", "decay_steps": 15, "warmup_steps": 5}},
    ),
]

SCHEDULES = {
    "exponential_decay": keras.optimizers.schedules.ExponentialDecay,
    "piecewise_constant_decay": keras.optimizers.schedules.PiecewiseConstantDecay,
    "polynomial_decay": keras.optimizers.schedules.PolynomialDecay,
    "inverse_time_decay": keras.optimizers.schedules.InverseTimeDecay,
    "cosine_decay": keras.optimizers.schedules.CosineDecay,
    "cosine_decay_restarts": keras.optimizers.schedules.CosineDecayRestarts,
}
SCHEDULED_STEPS = 60
# The rates of each are kept for so many steps, from a base of 0.3.
SCHEDULE_CASES: list[dict[str, Any]] = [
    {"schedule": "exponential_decay", "decay_steps": 7, "decay_rate": 0.8},
    {"schedule": "exponential_decay", "decay_steps": 7, "decay_rate": 0.8, "staircase": True},
    {"schedule": "piecewise_constant_decay", "boundaries": [10, 30], "values": [0.3, 0.1, 0.02]},
    {"schedule": "polynomial_decay", "decay_steps": 40},
    {
        "schedule": "polynomial_decay",
        "decay_steps": 13,
        "end_learning_rate": 0.02,
        "power": 2.0,
        "cycle": True,
    },
    {"schedule": "inverse_time_decay", "decay_steps": 7, "decay_rate": 0.8},
    {"schedule": "inverse_time_decay", "decay_steps": 7, "decay_rate": 0.8, "staircase": True},
    {"schedule": "cosine_decay", "decay_steps": 45},
    {"schedule": "cosine_decay", "decay_steps": 30, "alpha": 0.1, "warmup_steps": 12, "warmup_start": 0.05},
    {"schedule": "cosine_decay_restarts", "first_decay_steps": 10},
    {"schedule": "cosine_decay_restarts", "first_decay_steps": 11, "t_mul": 1.0, "m_mul": 0.5, "alpha": 0.2},
    {"schedule": "cosine_decay_restarts", "first_decay_steps": 7, "t_mul": 1.5, "m_mul": 0.7},
]


class WarmUp(keras.optimizers.schedules.LearningRateSchedule):
    """Ours alone, but for CosineDecay, whose own is used."""

    def __init__(self, base: float, steps: int, start: float) -> None:
        self.base, self.steps, self.start = base, steps, start

    def __call__(self, step: Any) -> Any:
        passed = keras.ops.minimum(keras.ops.cast(step, "float32") / self.steps, 1.0)
        return self.start + (self.base - self.start) * passed


def schedule(base: float, config: dict[str, Any]) -> Any:
    """Keras' schedule of a config as `learningRateSchedule` takes it."""
    own = dict(config)
    name, steps, start = own.pop("schedule"), own.pop("warmup_steps", 0), own.pop("warmup_start", 0.0)
    if name == "constant":
        return WarmUp(base, steps, start)
    if name == "piecewise_constant_decay":
        return SCHEDULES[name](**own)
    if steps:
        return SCHEDULES[name](start, warmup_target=base, warmup_steps=steps, **own)
    return SCHEDULES[name](base, **own)


class Draws:
    """Numbers that come out the same in Scala: ``s = s * 1664525 + 1013904223 mod 2**32``, from 1.

    A number is the top 24 bits of ``s``, as a fraction of 2**23, less 1: in [-1, 1), exact in float32.
    """

    def __init__(self) -> None:
        self._state = 1

    def number(self) -> float:
        self._state = (self._state * 1664525 + 1013904223) % 2**32
        return (self._state >> 8) / 2**23 - 1

    def weights(self, count: int) -> npt.NDArray[np.float32]:
        return np.array([self.number() for _ in range(count)], np.float32)

    def gradient(self, count: int) -> npt.NDArray[np.float32]:
        """One draw picks the size, the next the number: some are 0, some are small, some are large."""
        numbers = []
        for _ in range(count):
            kind = self.number()
            scale = 0.0 if kind < -0.8 else 2.0**-10 if kind < -0.6 else 2.0**7 if kind > 0.95 else 1.0
            numbers.append(self.number() * scale)
        return np.array(numbers, np.float32)


def follow(name: str, learning_rate: float, options: dict[str, Any]) -> Iterator[npt.NDArray[np.float32]]:
    """The flat weights after each step of TensorFlow's or Keras' optimizer, float32[TOTAL]."""
    if name in KERAS:
        yield from follow_keras(name, learning_rate, options)
        return
    draws = Draws()
    with tf.Graph().as_default(), tf.Session() as session:
        starts = np.split(draws.weights(TOTAL), np.cumsum(SIZES)[:-1])
        variables = [tf.Variable(start.reshape(shape)) for start, shape in zip(starts, SHAPES, strict=True)]
        gradients = [tf.placeholder(tf.float32, shape) for shape in SHAPES]
        global_step = tf.train.get_or_create_global_step()
        own = {"global_step": global_step} if name == "adagrad_da" else {}
        optimizer = CONSTRUCTORS[name](learning_rate=learning_rate, **own, **options)
        update = optimizer.apply_gradients(zip(gradients, variables, strict=True), global_step=global_step)
        session.run(tf.global_variables_initializer())
        for _ in range(STEPS):
            parts = np.split(draws.gradient(TOTAL), np.cumsum(SIZES)[:-1])
            shaped = [part.reshape(shape) for part, shape in zip(parts, SHAPES, strict=True)]
            session.run(update, dict(zip(gradients, shaped, strict=True)))
            yield np.concatenate([value.ravel() for value in session.run(variables)])


def follow_keras(
    name: str, learning_rate: float, options: dict[str, Any]
) -> Iterator[npt.NDArray[np.float32]]:
    draws = Draws()
    starts = np.split(draws.weights(TOTAL), np.cumsum(SIZES)[:-1])
    variables = [keras.Variable(start.reshape(shape)) for start, shape in zip(starts, SHAPES, strict=True)]
    own = {KERAS_NAMES.get(option, option): value for option, value in options.items()}
    config = own.pop("schedule", None)
    optimizer = KERAS[name](schedule(learning_rate, config) if config else learning_rate, **own)
    for _ in range(STEPS):
        parts = np.split(draws.gradient(TOTAL), np.cumsum(SIZES)[:-1])
        gradients = [tf.constant(part.reshape(shape)) for part, shape in zip(parts, SHAPES, strict=True)]
        optimizer.apply(gradients, variables)
        yield np.concatenate([variable.numpy().ravel() for variable in variables])


def constructor_defaults(name: str) -> dict[str, Any]:
    """What the constructor takes: each argument with its default, or "required".

    Of Keras', only what it takes besides the arguments of all optimizers, and weight_decay where it decays.
    """
    if name in KERAS:
        parameters = inspect.signature(KERAS[name]).parameters
        common = set(inspect.signature(keras.optimizers.SGD).parameters) - {"learning_rate", "momentum"}
        if name in ("adamw", "lion", "lamb"):
            common -= {"weight_decay"}
        if name == "keras_momentum":
            common = set(inspect.signature(keras.optimizers.Nadam).parameters)
        ours = {theirs: ours for ours, theirs in KERAS_NAMES.items()}
        return {
            ours.get(p.name, p.name): p.default
            for p in parameters.values()
            if p.name not in common and p.kind is not p.VAR_KEYWORD
        }
    parameters = inspect.signature(CONSTRUCTORS[name]).parameters.values()
    return {p.name: "required" if p.default is p.empty else p.default for p in parameters}


def build() -> tuple[dict[str, Any], npt.NDArray[np.float32]]:
    cases: list[dict[str, Any]] = []
    pieces: list[npt.NDArray[np.float32]] = []
    for name, learning_rate, options in CASES:
        recorded = PART if any(case["optimizer"] == name for case in cases) else TOTAL
        steps = list(follow(name, learning_rate, options))
        pieces += [step[:recorded] for step in steps] + [steps[-1]]
        cases.append(
            {"optimizer": name, "learning_rate": learning_rate, "options": options, "recorded": recorded}
        )
    index = {
        "tensorflow": tensorflow2.__version__,
        "steps": STEPS,
        "shapes": SHAPES,
        "constructors": {name: constructor_defaults(name) for name in [*CONSTRUCTORS, *KERAS]},
        "cases": cases,
        "schedules": [
            {
                "config": config,
                "rates": [float(schedule(0.3, config)(step)) for step in range(SCHEDULED_STEPS)],
            }
            for config in SCHEDULE_CASES
        ],
    }
    return index, np.concatenate(pieces).astype("<f4")


def main(
    doc: str | None, directory: Path, build: Callable[[], tuple[dict[str, Any], npt.NDArray[np.float32]]]
) -> int:
    """Write the files of `directory`, or compare them with what `build` makes."""
    parser = argparse.ArgumentParser(description=(doc or "").split("\n")[0])
    parser.add_argument("--check", action="store_true", help="compare with the files instead of writing them")
    check: bool = parser.parse_args().check
    index, weights = build()
    index_file, weights_file = directory / "index.json", directory / "weights.bin"
    if not check:
        directory.mkdir(parents=True, exist_ok=True)
        index_file.write_text(json.dumps(index, indent=1) + "\n")
        weights_file.write_bytes(weights.tobytes())
        print(f"wrote {len(index['cases'])} cases, {weights.nbytes} bytes of weights, to {directory}")
        return 0
    old_index = json.loads(index_file.read_text())
    old_weights = np.frombuffer(weights_file.read_bytes(), "<f4")
    version = old_index.pop("tensorflow")
    if old_index != {key: value for key, value in index.items() if key != "tensorflow"}:
        print(f"TensorFlow {index['tensorflow']} or this script differs from index.json of {version}")
        return 1
    # Another processor may round the last bits otherwise (fused multiply-add).
    if old_weights.size != weights.size or not np.allclose(weights, old_weights, rtol=1e-5, atol=1e-6):
        print(f"TensorFlow {index['tensorflow']} computes other weights than {version} did for weights.bin")
        return 1
    print(f"TensorFlow {index['tensorflow']} agrees with the fixtures of {version}")
    return 0


if __name__ == "__main__":
    sys.exit(main(__doc__, HERE, build))
