import json

import numpy as np
import pytest

from sparkflow import graph_utils, tf1
from sparkflow.optimizers import build_optimizer, optimizer_options


@pytest.fixture
def train():
    return tf1.train


def test_adam(train):
    assert optimizer_options(train.AdamOptimizer(0.1, 0.8, 0.99, 1e-6)) == (
        "adam",
        {"learning_rate": 0.1, "beta1": 0.8, "beta2": 0.99, "epsilon": 1e-6},
    )


def test_rmsprop(train):
    optimizer = train.RMSPropOptimizer(0.1, decay=0.8, momentum=0.3, epsilon=1e-6, centered=True)
    assert optimizer_options(optimizer) == (
        "rmsprop",
        {"learning_rate": 0.1, "decay": 0.8, "momentum": 0.3, "epsilon": 1e-6, "centered": True},
    )


def test_momentum(train):
    assert optimizer_options(train.MomentumOptimizer(0.1, 0.7, use_nesterov=True)) == (
        "momentum",
        {"learning_rate": 0.1, "momentum": 0.7, "use_nesterov": True},
    )


def test_adadelta(train):
    assert optimizer_options(train.AdadeltaOptimizer(0.1, 0.9, 1e-6)) == (
        "adadelta",
        {"learning_rate": 0.1, "rho": 0.9, "epsilon": 1e-6},
    )


def test_adagrad(train):
    assert optimizer_options(train.AdagradOptimizer(0.1, 0.2)) == (
        "adagrad",
        {"learning_rate": 0.1, "initial_accumulator_value": 0.2},
    )


def test_gradient_descent(train):
    assert optimizer_options(train.GradientDescentOptimizer(0.1)) == (
        "gradient_descent",
        {"learning_rate": 0.1},
    )


def test_adagrad_da(train):
    optimizer = train.AdagradDAOptimizer(
        0.1,
        global_step=0,
        initial_gradient_squared_accumulator_value=0.2,
        l1_regularization_strength=0.3,
        l2_regularization_strength=0.4,
    )
    assert optimizer_options(optimizer) == (
        "adagrad_da",
        {
            "learning_rate": 0.1,
            "initial_gradient_squared_accumulator_value": 0.2,
            "l1_regularization_strength": 0.3,
            "l2_regularization_strength": 0.4,
        },
    )


def test_ftrl(train):
    optimizer = train.FtrlOptimizer(
        0.1,
        learning_rate_power=-0.4,
        initial_accumulator_value=0.2,
        l1_regularization_strength=0.3,
        l2_regularization_strength=0.4,
        l2_shrinkage_regularization_strength=0.5,
        beta=0.6,
    )
    assert optimizer_options(optimizer) == (
        "ftrl",
        {
            "learning_rate": 0.1,
            "learning_rate_power": -0.4,
            "initial_accumulator_value": 0.2,
            "l1_regularization_strength": 0.3,
            "l2_regularization_strength": 0.4,
            "l2_shrinkage_regularization_strength": 0.5,
            "beta": 0.6,
        },
    )


def test_proximal_adagrad(train):
    optimizer = train.ProximalAdagradOptimizer(
        0.1,
        initial_accumulator_value=0.2,
        l1_regularization_strength=0.3,
        l2_regularization_strength=0.4,
    )
    assert optimizer_options(optimizer) == (
        "proximal_adagrad",
        {
            "learning_rate": 0.1,
            "initial_accumulator_value": 0.2,
            "l1_regularization_strength": 0.3,
            "l2_regularization_strength": 0.4,
        },
    )


def test_proximal_gradient_descent(train):
    optimizer = train.ProximalGradientDescentOptimizer(
        0.1, l1_regularization_strength=0.3, l2_regularization_strength=0.4
    )
    assert optimizer_options(optimizer) == (
        "proximal_gradient_descent",
        {"learning_rate": 0.1, "l1_regularization_strength": 0.3, "l2_regularization_strength": 0.4},
    )


def test_numpy_and_integer_hyperparameters_become_json_numbers(train):
    _, options = optimizer_options(train.MomentumOptimizer(np.float32(0.5), 0))
    assert json.loads(json.dumps(options)) == {"learning_rate": 0.5, "momentum": 0.0, "use_nesterov": False}


def test_tensors_and_schedules_are_refused_by_name(train):
    with tf1.Graph().as_default():
        rate = train.exponential_decay(0.1, train.get_or_create_global_step(), 10, 0.9)
        with pytest.raises(ValueError, match=r"learning_rate of AdamOptimizer is .*plain number"):
            optimizer_options(train.AdamOptimizer(rate))
    with pytest.raises(ValueError, match=r"momentum of MomentumOptimizer is .*plain number"):
        optimizer_options(train.MomentumOptimizer(0.1, lambda: 0.9))


@pytest.mark.parametrize("wrong", [None, "adam", 0.1, object()])
def test_other_objects_are_refused(wrong):
    with pytest.raises(TypeError, match=r"AdamOptimizer.*got"):
        optimizer_options(wrong)


def test_subclasses_and_keras_optimizers_are_refused(train):
    class AdamOptimizer(train.AdamOptimizer):
        pass

    with pytest.raises(TypeError, match="AdamOptimizer"):
        optimizer_options(AdamOptimizer(0.1))


@pytest.mark.parametrize(
    ("name", "config"),
    [
        ("adam", graph_utils.build_adam_config(0.5)),
        ("rmsprop", graph_utils.build_rmsprop_config(0.5)),
        ("momentum", graph_utils.build_momentum_config(0.5)),
        ("adadelta", graph_utils.build_adadelta_config(0.5)),
        ("adagrad", graph_utils.build_adagrad_config(0.5, initial_accumulator=0.3)),
        ("gradient_descent", graph_utils.build_gradient_descent(0.5)),
        ("adagrad_da", None),
        ("ftrl", None),
        ("proximal_adagrad", None),
        ("proximal_gradient_descent", None),
    ],
)
def test_build_optimizer_and_optimizer_options_are_inverse(name, config):
    given = None if config is None else json.loads(config)
    built = build_optimizer(name, 0.5, given)
    read_name, options = optimizer_options(built)
    assert read_name == name
    assert options["learning_rate"] == 0.5
    if name == "adagrad":
        assert options["initial_accumulator_value"] == 0.3
    assert optimizer_options(build_optimizer(name, 0.1, options)) == (name, options)


def test_build_optimizer_has_0_7s_momentum_and_refuses_unknown_names():
    assert optimizer_options(build_optimizer("momentum", 0.1, None))[1]["momentum"] == 0.9
    with pytest.raises(ValueError, match="unknown optimizer 'sgd': expected one of adam, "):
        build_optimizer("sgd", 0.1, None)
