"""Fits as what Hyperopt minimizes, for searches that are written for it."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from pyspark.sql import DataFrame

if TYPE_CHECKING:
    from sparkflow.ml import SparkAsyncDL


def hyperopt_objective(
    estimator: "SparkAsyncDL", dataset: DataFrame, evaluator: Any, validation: DataFrame
) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """A function for ``hyperopt.fmin``, whose space is a dict of arguments of SparkAsyncDL.

    Its result has ``loss``, what the evaluator says of the predictions for `validation` (negative where more
    is better), and ``model``. A fit that fails is a failed trial. Hyperopt itself is not needed here.

    Parameters
    ----------
    estimator : SparkAsyncDL
        Has all params that the space leaves alone; it is not changed.
    dataset, validation : DataFrame
        What to train on, and what to predict.
    evaluator : pyspark.ml.evaluation.Evaluator
    """
    from sparkflow.fit import TrainingError

    sign = -1.0 if evaluator.isLargerBetter() else 1.0

    def objective(params: dict[str, Any]) -> dict[str, Any]:
        stage = estimator.copy()
        stage.setParams(**params)
        try:
            model = stage.fit(dataset)
        except TrainingError as error:
            return {"status": "fail", "error": str(error)}
        loss = sign * float(evaluator.evaluate(model.transform(validation)))
        return {"status": "ok", "loss": loss, "model": model}

    return objective
