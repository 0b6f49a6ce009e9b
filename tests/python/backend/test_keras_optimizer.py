"""Keras' optimizers and the server's rules that stand for them.

The server's are equal step for step to TensorFlow 1's, as dev/optimizer_fixtures.py and the Scala tests show;
here TensorFlow 1's are compared with Keras'. Those that TensorFlow 1 has not are compared with Keras there.
"""

from __future__ import annotations

import numpy as np
import pytest

from sparkflow.backend.keras.optimizer import rule_of
from sparkflow.backend.runtime import tf
from sparkflow.optimizers import build_optimizer

import keras  # isort: skip

optimizers = keras.optimizers
schedules = optimizers.schedules
STEPS, SIZE = 30, 200

MAPPED = {
    "sgd": (optimizers.SGD(0.1), "gradient_descent"),
    "momentum": (optimizers.SGD(0.05, momentum=0.9), "momentum"),
    "nesterov": (optimizers.SGD(0.05, momentum=0.8, nesterov=True), "momentum"),
    "adam": (optimizers.Adam(0.01), "adam"),
    "adam_betas": (optimizers.Adam(0.05, beta_1=0.5, beta_2=0.9, epsilon=0.1), "adam"),
    "adagrad": (optimizers.Adagrad(0.1), "adagrad"),
    "adagrad_start": (optimizers.Adagrad(0.5, initial_accumulator_value=3.0), "adagrad"),
    "adadelta": (optimizers.Adadelta(1.0, rho=0.8, epsilon=1e-4), "adadelta"),
    "ftrl": (optimizers.Ftrl(0.5), "ftrl"),
    "ftrl_strengths": (
        optimizers.Ftrl(
            0.5,
            l1_regularization_strength=0.05,
            l2_regularization_strength=0.1,
            l2_shrinkage_regularization_strength=0.02,
            beta=0.5,
        ),
        "ftrl",
    ),
}
KERAS_ONLY = {
    "adamw": (optimizers.AdamW(0.01), ("adamw", {"beta1": 0.9, "weight_decay": 0.004})),
    "adam_decay": (optimizers.Adam(0.01, weight_decay=0.1), ("adamw", {"weight_decay": 0.1})),
    "rmsprop": (optimizers.RMSprop(0.01, rho=0.8), ("keras_rmsprop", {"rho": 0.8, "centered": False})),
    "nadam": (optimizers.Nadam(0.01), ("nadam", {"beta2": 0.999, "epsilon": 1e-7})),
    "lamb": (optimizers.Lamb(0.01, weight_decay=0.1), ("lamb", {"epsilon": 1e-7, "weight_decay": 0.1})),
    "lion": (optimizers.Lion(0.01), ("lion", {"beta2": 0.99, "weight_decay": 0.0})),
}


def draws():
    random = np.random.default_rng(5)
    start = random.normal(size=SIZE).astype(np.float32)
    gradients = random.normal(size=(STEPS, SIZE)) * 10.0 ** random.integers(-3, 2, (STEPS, SIZE))
    return start, gradients.astype(np.float32)


def keras_steps(optimizer):
    start, gradients = draws()
    variable = keras.Variable(start)
    for gradient in gradients:
        optimizer.apply([tf.constant(gradient)], [variable])
        yield variable.numpy()


def tensorflow_steps(rule):
    start, gradients = draws()
    with tf.Graph().as_default(), tf.Session() as session:
        variable = tf.Variable(start)
        fed = tf.placeholder(tf.float32, [SIZE])
        optimizer = build_optimizer(rule.name, rule.learning_rate, rule.options)
        update = optimizer.apply_gradients([(fed, variable)])
        session.run(tf.global_variables_initializer())
        for gradient in gradients:
            session.run(update, {fed: gradient})
            yield session.run(variable)


@pytest.mark.parametrize("case", MAPPED)
def test_the_rule_takes_the_same_steps(case):
    optimizer, name = MAPPED[case]
    rule = rule_of(optimizer)
    assert rule.name == name
    before, way = draws()[0], 0.0
    for step, (ours, theirs) in enumerate(
        zip(list(tensorflow_steps(rule)), keras_steps(optimizer), strict=True)
    ):
        way += np.abs(theirs - before).max()
        before = theirs
        # Of the way so far: Keras rounds Adam's 1 - beta2, TensorFlow the beta2: 7e-6 of a step.
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-5 * way + 1e-7, err_msg=f"step {step}")


@pytest.mark.parametrize("case", KERAS_ONLY)
def test_rules_that_tensorflow_1_has_not(case):
    optimizer, (name, some) = KERAS_ONLY[case]
    rule = rule_of(optimizer)
    assert (rule.name, rule.learning_rate) == (name, 0.01)
    assert {option: rule.options[option] for option in some} == pytest.approx(some)


def test_a_name_has_keras_defaults():
    options = {"beta1": 0.9, "beta2": 0.999, "epsilon": 1e-7}
    assert rule_of("adam") == ("adam", 0.001, options, None, {})


@pytest.mark.parametrize(
    ("settings", "params"),
    [
        ({"clipnorm": 1.5}, {"clipVariableNorm": 1.5}),
        ({"global_clipnorm": 1.5}, {"clipNorm": 1.5}),
        (
            {"clipvalue": 0.5, "gradient_accumulation_steps": 4},
            {"clipValue": 0.5, "gradientAccumulationSteps": 4},
        ),
    ],
)
def test_what_becomes_of_gradients_before(settings, params):
    assert rule_of(optimizers.Adam(**settings)).gradients == params


class Halving(schedules.LearningRateSchedule):
    def __call__(self, step):
        return 0.5**step


@pytest.mark.parametrize(
    ("schedule", "rate", "expected"),
    [
        (
            schedules.ExponentialDecay(0.1, 10, 0.9, staircase=True),
            0.1,
            {"schedule": "exponential_decay", "decay_steps": 10, "decay_rate": 0.9, "staircase": True},
        ),
        (
            schedules.PiecewiseConstantDecay([5, 9], [0.3, 0.2, 0.1]),
            0.3,
            {"schedule": "piecewise_constant_decay", "boundaries": [5, 9], "values": [0.3, 0.2, 0.1]},
        ),
        (
            schedules.CosineDecay(0.01, 100, alpha=0.1, warmup_target=0.2, warmup_steps=20),
            0.2,
            {
                "schedule": "cosine_decay",
                "decay_steps": 100,
                "alpha": 0.1,
                "warmup_start": 0.01,
                "warmup_steps": 20,
            },
        ),
        (
            schedules.CosineDecay(0.01, 100, warmup_steps=20),  # without a target, Keras does not warm up
            0.01,
            {"schedule": "cosine_decay", "decay_steps": 100, "alpha": 0.0},
        ),
        (
            schedules.CosineDecayRestarts(0.1, 10, t_mul=1.5),
            0.1,
            {
                "schedule": "cosine_decay_restarts",
                "first_decay_steps": 10,
                "t_mul": 1.5,
                "m_mul": 1.0,
                "alpha": 0.0,
            },
        ),
    ],
)
def test_schedules(schedule, rate, expected):
    # What the server makes of the configs is compared with Keras in ScheduleTest.
    rule = rule_of(optimizers.Adam(schedule))
    assert (rule.name, rule.learning_rate, rule.schedule) == ("adam", rate, expected)


def test_a_velocity_has_the_rate_in_it_where_the_rate_changes():
    schedule = schedules.InverseTimeDecay(0.1, 10, 0.5)
    rule = rule_of(optimizers.SGD(schedule, momentum=0.9, nesterov=True))
    assert (rule.name, rule.options) == ("keras_momentum", {"momentum": 0.9, "nesterov": True})
    assert rule_of(optimizers.SGD(schedule)).name == "gradient_descent"


@pytest.mark.parametrize(
    ("optimizer", "words"),
    [
        (optimizers.SGD(use_ema=True), "use_ema"),
        (optimizers.Adam(amsgrad=True), "amsgrad"),
        (
            optimizers.SGD(Halving()),
            "Halving has no equal.*ExponentialDecay, Piecewise.*learningRateSchedule",
        ),
        (optimizers.SGD(lambda: 0.1), "SGD has a function for its learning rate"),
        (optimizers.SGD(weight_decay=0.1), "weight_decay=0.1.*AdamW"),
        (optimizers.Adagrad(epsilon=0.01), "Adagrad has epsilon=0.01.*1e-06 or less"),
        (optimizers.Adafactor(), "Adafactor.*these have: SGD, Adam, AdamW"),
        (optimizers.Adamax(), "Adamax of Keras has no equal.*Lion, Lamb"),
        (optimizers.LossScaleOptimizer(optimizers.Adam()), "mixed_bfloat16"),
    ],
)
def test_what_the_server_does_not_do_is_named(optimizer, words):
    with pytest.raises(ValueError, match=words):
        rule_of(optimizer)


def test_a_subclass_may_have_steps_of_its_own():
    class Own(optimizers.SGD):
        pass

    with pytest.raises(ValueError, match="Own of Keras has no equal"):
        rule_of(Own())


def test_variables_excluded_from_decay():
    optimizer = optimizers.AdamW()
    optimizer.exclude_from_weight_decay(var_names=["bias"])
    variable = keras.Variable(np.zeros(1), name="bias")
    with pytest.raises(ValueError, match="excluded from its weight decay"):
        rule_of(optimizer, [variable])


def test_what_is_none():
    with pytest.raises(TypeError, match="keras.optimizers, got builtins.float"):
        rule_of(0.1)
    with pytest.raises(ValueError, match="adma"):
        rule_of("adma")
