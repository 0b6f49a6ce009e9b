"""The fitted stage; `sparkflow.ml` is where its users find it."""
# mypy: disallow-subclassing-any=False
# mypy: disable-error-code="no-any-return"

from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyspark.ml.util import JavaMLReadable
from pyspark.ml.wrapper import JavaModel

from sparkflow.backend.layout import Layout
from sparkflow.frame import expect_frame
from sparkflow.interchange import Interchange
from sparkflow.model_weights import weights_of
from sparkflow.params import ClassifierParams, InputParams, PredictionParams
from sparkflow.scoring import Scoring
from sparkflow.session import active_context, sparkflow_jvm
from sparkflow.summary import TrainingSummary
from sparkflow.writer import Writable


class SparkAsyncDLModel(
    JavaModel,
    InputParams,
    PredictionParams,
    ClassifierParams,
    Interchange,
    Scoring,
    JavaMLReadable,
    Writable,
):
    """A trained TensorFlow graph: what ``SparkAsyncDL.fit`` returns.

    ``transform`` adds the column ``predictionCol``: a double where ``tfOutput`` gives one value a row,
    otherwise an ML vector. With ``probabilityCol``, ``rawPredictionCol`` or ``thresholds`` it is the number
    of the class, and those columns come with it. It is lazy and keeps every other column.
    """

    __module__ = "sparkflow.ml"  # Spark finds the jar's class by this name

    @property
    def weights(self) -> dict[str, NDArray[np.float32]]:
        """The trainable variables by name, in the order of ``tf.trainable_variables()``; read anew on
        each use."""
        layout = self._layout()
        values = layout.weight_views(weights_of(self._java_obj, layout))
        return dict(zip([v.name for v in layout.weights], values, strict=True))

    def get_weights(self) -> list[NDArray[np.float32]]:
        """The trainable variables in the order of ``tf.trainable_variables()``, as ``initialWeights``
        takes them."""
        return list(self.weights.values())

    def get_state(self) -> dict[str, NDArray[Any]]:
        """The variables that are not trained, such as a batch norm's averages, by name, each in its own
        dtype."""
        layout = self._layout()
        views = layout.state_views(self._java_obj.stateBytes())
        return dict(zip([v.name for v in layout.state], views, strict=True))

    def _layout(self) -> Layout:
        return Layout.from_json(self._java_obj.layoutJson())

    @property
    def trainingSeed(self) -> int | None:
        """The seed of the fit that made the weights, also when the fit drew it; None if no fit made them."""
        seed = self._java_obj.trainingSeed()
        return int(seed.get()) if seed.isDefined() else None

    @property
    def hasSummary(self) -> bool:
        """Whether the model knows the fit that made it: not if it was made of weights, or saved by a version
        before summaries."""
        return bool(self._java_obj.hasSummary())

    @property
    def summary(self) -> TrainingSummary:
        """How the fit went that made this model; raises RuntimeError if there is none, see ``hasSummary``."""
        if not self.hasSummary:
            raise RuntimeError(
                f"model {self.uid} has no summary: no fit made it, or it was saved by a version that kept"
                " none; ask hasSummary first"
            )
        return TrainingSummary(self._java_obj.summary())

    def _transform(self, dataset: Any) -> Any:
        active_context()
        expect_frame(dataset, "transform", ", or call predict with arrays")
        return super()._transform(dataset)

    @classmethod
    def read(cls) -> Any:
        """The reader of saved models; ``load(path)`` is short for ``read().load(path)``."""
        sparkflow_jvm()
        return super().read()

    @classmethod
    def _of(cls, graph: str, layout: str, weights: bytes, state: bytes) -> "SparkAsyncDLModel":
        """A model of values that were made elsewhere; the arguments as ``backend.values`` gives them."""
        jvm = sparkflow_jvm()
        java_model = jvm.sparkflow.ml.SparkAsyncDLModel.fromBytes(
            cls._randomUID(), graph, layout, weights, state
        )
        model: SparkAsyncDLModel = cls._from_java(java_model)
        return model
