"""Hyperparameter search with Optuna: many small trials at once, or large ones that each use the cluster.

Needs the extra: ``pip install sparkflow[tuning]``.
"""

from sparkflow.tuning.hyperopt import hyperopt_objective
from sparkflow.tuning.result import Search, Trial
from sparkflow.tuning.search import search

__all__ = ["Search", "Trial", "hyperopt_objective", "search"]
