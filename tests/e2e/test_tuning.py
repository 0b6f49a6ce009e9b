"""Searches for params: Spark's own, and those of sparkflow.tuning."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from pyspark.errors import IllegalArgumentException
from pyspark.ml.evaluation import BinaryClassificationEvaluator
from pyspark.ml.tuning import CrossValidator, CrossValidatorModel, ParamGridBuilder, TrainValidationSplit
from pyspark.sql import DataFrame

from conftest import oldest_only
from estimators import accuracy, assert_equal_bits, estimator
from sparkflow import tuning
from sparkflow.ml import SparkAsyncDL, SparkAsyncDLModel
from sparkflow.session import sparkflow_jvm


def evaluator() -> BinaryClassificationEvaluator:
    return BinaryClassificationEvaluator(rawPredictionCol="predicted")


def net(**changes: object) -> SparkAsyncDL:
    return estimator(**{"iters": 4, "partitions": 1, "tfLearningRate": 1e-4, **changes})


def test_a_cross_validator_with_fits_side_by_side(
    gaussians: Callable[..., DataFrame], tmp_path: Path
) -> None:
    data = gaussians(2)
    stage = net(iters=2)
    grid = ParamGridBuilder().addGrid(stage.tfLearningRate, [1e-4, 0.05]).build()
    search = CrossValidator(
        estimator=stage,
        estimatorParamMaps=grid,
        evaluator=evaluator(),
        numFolds=2,
        parallelism=2,
        collectSubModels=True,
        seed=1,
    )
    found = search.fit(data)
    assert found.avgMetrics[1] > found.avgMetrics[0]
    assert_equal_bits(found.bestModel, net(iters=2, tfLearningRate=0.05).fit(data))
    assert [len(fold) for fold in found.subModels] == [2, 2]
    found.write().save(str(tmp_path / "found"))
    loaded = CrossValidatorModel.load(str(tmp_path / "found"))
    assert_equal_bits(loaded.bestModel, found.bestModel)


@oldest_only
def test_scalas_cross_validator_with_fits_side_by_side(gaussians: Callable[..., DataFrame]) -> None:
    data = gaussians(2)
    stage = net()
    stage._transfer_params_to_java()
    jvm = sparkflow_jvm()
    rates = data.sparkSession.sparkContext._gateway.new_array(jvm.double, 2)
    rates[0], rates[1] = 1e-4, 0.05
    tuning = jvm.org.apache.spark.ml.tuning
    grid = tuning.ParamGridBuilder().addGrid(stage._java_obj.tfLearningRate(), rates).build()
    validator = tuning.CrossValidator().setEstimator(stage._java_obj).setEstimatorParamMaps(grid)
    validator.setEvaluator(evaluator()._to_java()).setNumFolds(2).setParallelism(2).setSeed(1)
    found = validator.fit(data._jdf)
    low, high = found.avgMetrics()
    assert high > low
    best = SparkAsyncDLModel(found.bestModel())
    assert_equal_bits(best, net(tfLearningRate=0.05).fit(data))


@oldest_only
def test_a_train_validation_split_chooses_the_mode_and_the_rate(gaussians: Callable[..., DataFrame]) -> None:
    stage = net(partitions=2)
    grid = (
        ParamGridBuilder()
        .addGrid(stage.mode, ["sync", "locked"])
        .addGrid(stage.tfLearningRate, [1e-5, 0.05])
        .build()
    )
    found = TrainValidationSplit(
        estimator=stage, estimatorParamMaps=grid, evaluator=evaluator(), parallelism=1, seed=1
    ).fit(gaussians(2))
    assert int(np.argmax(found.validationMetrics)) in (1, 3)
    assert found.bestModel.summary.mode in ("sync", "locked")


def test_a_copy_with_other_params_leaves_the_estimator_as_it_was(gaussians: Callable[..., DataFrame]) -> None:
    heard = []
    stage = net(loss_callback=lambda loss, iteration, partition: heard.append(iteration))
    other = stage.copy({stage.iters: 2})
    assert (stage.getIters(), other.getIters()) == (4, 2)
    model = other.fit(gaussians(2))
    assert heard == [0, 1]
    start = stage.copy({stage.initialWeights: model, stage.iters: 1})
    assert stage.getInitialWeights() is None
    initial = start.getInitialWeights()
    assert initial is not None
    for name, values in model.weights.items():
        np.testing.assert_array_equal(initial[name], values)


def test_small_trials_train_side_by_side_each_in_one_task(
    gaussians: Callable[..., DataFrame], tmp_path: Path
) -> None:
    data = gaussians(2)
    stage = net(partitions=2, validationFraction=0.3)
    space = {"tfLearningRate": ("log", 1e-5, 0.1), "miniBatchSize": [16, 64]}
    found = tuning.search(stage, data, space, trials=4, parallelism=2, prune=False, seed=3)
    assert [trial.state for trial in found.trials] == 4 * ["complete"]
    assert all(len(trial.curve) == 4 and trial.curve[-1] == trial.value for trial in found.trials)
    assert found.best_value == min(trial.value for trial in found.trials if trial.value is not None)
    model = found.best_model
    assert len(model.summary.partitionRows) == 1
    assert model.summary.history.orderBy("iteration").collect()[-1].validationLoss == found.best_value
    assert_equal_bits(model, net(validationFraction=0.3, **found.best_params).fit(data))
    assert stage.getTfLearningRate() == 1e-4
    lines = str(found).splitlines()
    assert lines[0].split() == [
        "trial",
        "state",
        "loss",
        "iterations",
        "seconds",
        "tfLearningRate",
        "miniBatchSize",
    ]
    assert lines[1].split()[0] == str(found.best.number)
    found.plot(tmp_path / "search.png")
    assert (tmp_path / "search.png").read_bytes().startswith(b"\x89PNG")


@oldest_only
def test_hopeless_trials_are_given_up_and_a_study_goes_on(
    gaussians: Callable[..., DataFrame], tmp_path: Path
) -> None:
    import optuna

    data = gaussians(2)
    rates = iter([0.05, 1e-5, 0.05])
    arguments: dict[str, object] = {
        "space": lambda trial: {"tfLearningRate": trial.suggest_float("rate", *(2 * [next(rates)]))},
        "parallelism": 1,
        "prune": optuna.pruners.ThresholdPruner(upper=0.15, n_warmup_steps=1),
        "storage": f"sqlite:///{tmp_path / 'study.db'}",
        "name": "rates",
    }
    stage = net(validationFraction=0.3)
    first = tuning.search(stage, data, trials=2, **arguments)
    assert [trial.state for trial in first.trials] == ["complete", "pruned"]
    assert len(first.trials[1].curve) == 2  # of 4 iterations
    again = tuning.search(stage, data, trials=3, **arguments)
    assert [trial.state for trial in again.trials] == ["complete", "pruned", "complete"]
    assert again.trials[0].value == first.trials[0].value
    same = tuning.search(stage, data, trials=3, **arguments)
    with pytest.raises(RuntimeError, match="belongs to an earlier run of this study"):
        _ = same.best_model


@oldest_only
def test_a_large_trial_uses_the_partitions_and_an_evaluator(gaussians: Callable[..., DataFrame]) -> None:
    data = gaussians(2)
    found = tuning.search(
        net(partitions=2),
        data,
        {"tfLearningRate": [1e-5, 0.05]},
        trials=3,
        size="large",
        evaluator=evaluator(),
        validation=data,
        seed=0,
    )
    assert found.monitor == "areaUnderROC"
    assert found.best_params == {"tfLearningRate": 0.05}
    assert len(found.best_model.summary.partitionRows) == 2
    assert accuracy(found.best_model, data) > 0.8
    objective = tuning.hyperopt_objective(net(), data, evaluator(), data)
    result = objective({"tfLearningRate": 0.05})
    assert result["status"] == "ok" and result["loss"] < -0.8


@oldest_only
def test_a_trial_that_fails_is_one_of_the_trials(gaussians: Callable[..., DataFrame]) -> None:
    data = gaussians(2)
    wrong = data.selectExpr("features", "label * double('NaN') as label")
    with pytest.raises(RuntimeError, match=r"no trial came to a value; the last ended with: loss became nan"):
        tuning.search(net(validationFraction=0.3), wrong, {"tfLearningRate": [0.1]}, trials=1)


@oldest_only
def test_what_no_trial_can_mend_is_raised_also_of_trials_side_by_side(
    gaussians: Callable[..., DataFrame],
) -> None:
    data = gaussians(2)
    stage = net(validationFraction=0.3)
    with pytest.raises(IllegalArgumentException, match="the DataFrame is empty"):
        tuning.search(stage, data.limit(0), {"tfLearningRate": [0.1]}, trials=2)
    with pytest.raises(ValueError, match="say size='large'"):
        tuning.search(stage, data, lambda _: {"partitions": 2}, trials=2)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"trials": 0}, "trials is 0, expected 1 or more"),
        ({"size": "medium"}, "size is 'medium', expected 'small'"),
        ({"parallelism": 0}, "parallelism is 0"),
        ({}, "there is nothing to compare trials by"),
        ({"evaluator": 1}, "go together"),
        ({"space": {"rate": [1]}}, "SparkAsyncDL has no such argument"),
        ({"estimator": {"validationFraction": 0.1}, "monitor": "gain"}, "set monitorMode to 'max'"),
        ({"space": {"partitions": [1, 2]}, "estimator": {"validationFraction": 0.1}}, "say size='large'"),
        ({"estimator": {"validationFraction": 0.1}, "storage": "sqlite://"}, "give the study a name"),
    ],
)
def test_wrong_arguments_are_refused_before_any_trial(
    gaussians: Callable[..., DataFrame], arguments: dict[str, object], message: str
) -> None:
    stage = net(**arguments.pop("estimator", {}))  # type: ignore[arg-type]
    arguments = {"space": {"tfLearningRate": [0.1]}, **arguments}
    with pytest.raises((ValueError, IllegalArgumentException), match=message):
        tuning.search(stage, gaussians(2), **arguments)  # type: ignore[arg-type]
