"""The params of the Spark ML stages, a class and a file for each subject, as in the jar's own package.

Names, docs and defaults are those of the jar; a test compares them. A setter given None changes nothing; a
getter of a param that is not set and has no default gives None.
"""

from sparkflow.params.checkpoint import CheckpointParams
from sparkflow.params.classifier import ClassifierParams
from sparkflow.params.early_stopping import EarlyStoppingParams
from sparkflow.params.gradient import GradientParams
from sparkflow.params.graph import GraphParams
from sparkflow.params.input import InputParams
from sparkflow.params.label import LabelParams
from sparkflow.params.optimizer import OptimizerParams
from sparkflow.params.prediction import PredictionParams
from sparkflow.params.sample_weight import SampleWeightParams
from sparkflow.params.server import ServerParams
from sparkflow.params.spill import SpillParams
from sparkflow.params.staleness import StalenessParams
from sparkflow.params.start import StartParams
from sparkflow.params.timeouts import TimeoutParams
from sparkflow.params.traffic import TrafficParams
from sparkflow.params.training import TrainingParams
from sparkflow.params.transform import TransformParams
from sparkflow.params.validation import ValidationParams

__all__ = [
    "CheckpointParams",
    "ClassifierParams",
    "EarlyStoppingParams",
    "GradientParams",
    "GraphParams",
    "InputParams",
    "LabelParams",
    "OptimizerParams",
    "PredictionParams",
    "SampleWeightParams",
    "ServerParams",
    "SpillParams",
    "StalenessParams",
    "StartParams",
    "TimeoutParams",
    "TrafficParams",
    "TrainingParams",
    "TransformParams",
    "ValidationParams",
]
