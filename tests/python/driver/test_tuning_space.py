from __future__ import annotations

import re
from typing import Any

import pytest

from sparkflow.tuning import space

PARAMS = {"tfLearningRate", "miniBatchSize", "tfOptimizer", "mode"}


class Chooser:
    """Takes the middle of a range and the first of a list, and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: dict[str, Any] = {}

    def suggest_categorical(self, name: str, choices: list[Any]) -> Any:
        self.asked[name] = choices
        return choices[0]

    def suggest_int(self, name: str, low: int, high: int) -> int:
        self.asked[name] = (low, high)
        return (low + high) // 2

    def suggest_float(self, name: str, low: float, high: float, log: bool) -> float:
        self.asked[name] = (low, high, log)
        return (low * high) ** 0.5 if log else (low + high) / 2


def test_each_kind_of_choice():
    chooser = Chooser()
    choices = {
        "tfLearningRate": ("log", 1e-4, 1e-2),
        "miniBatchSize": ("int", 16, 64),
        "tfOptimizer": ["adam", "momentum"],
    }
    space.check(choices, PARAMS)
    assert space.suggest(choices, chooser) == {
        "tfLearningRate": pytest.approx(1e-3),
        "miniBatchSize": 40,
        "tfOptimizer": "adam",
    }
    assert chooser.asked["tfLearningRate"] == (1e-4, 1e-2, True)


def test_a_function_makes_the_arguments_itself():
    def build(trial):
        return {"miniBatchSize": 2 ** trial.suggest_int("power", 4, 6)}

    space.check(build, PARAMS)
    assert space.suggest(build, Chooser()) == {"miniBatchSize": 32}


def test_a_function_that_returns_no_dict_is_refused():
    with pytest.raises(TypeError, match=r"the space's function returned None: expected a dict"):
        space.suggest(lambda trial: None, Chooser())


@pytest.mark.parametrize(
    ("choices", "message"),
    [
        ({}, "the space is empty"),
        ({"learningRate": [1]}, "chooses 'learningRate', but SparkAsyncDL has no such argument"),
        ({"mode": []}, "'mode' is [], expected a list of choices"),
        ({"mode": "sync"}, "'mode' is 'sync', expected a list of choices"),
        ({"miniBatchSize": ("int", 1.5, 3)}, "with numbers that are whole"),
        ({"miniBatchSize": ("int", 3, 3)}, "with low below high"),
        ({"tfLearningRate": ("log", 0, 1)}, "with low below high and above 0"),
        ({"tfLearningRate": ("uniform", 0, 1)}, "expected a list of choices"),
        ({"tfLearningRate": ("float", 0, True)}, "with numbers"),
    ],
)
def test_what_is_no_choice_is_refused(choices, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        space.check(choices, PARAMS)
