"""The Spark ML stages; the jar has classes of the same full names, so pipelines load in both languages."""
# mypy: disallow-subclassing-any=False, disallow-untyped-decorators=False
# mypy: disable-error-code="no-any-return"

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from py4j.java_gateway import JavaObject  # type: ignore[import-untyped]
from pyspark import keyword_only
from pyspark.ml.util import JavaMLReadable
from pyspark.ml.wrapper import JavaEstimator

from sparkflow.fit import LossCallback, ValidationCallback, fit
from sparkflow.fit import StopTraining as StopTraining
from sparkflow.keras_model import keras_params
from sparkflow.model import SparkAsyncDLModel as SparkAsyncDLModel
from sparkflow.params import (
    CheckpointParams,
    ClassifierParams,
    EarlyStoppingParams,
    GradientParams,
    GraphParams,
    InputParams,
    LabelParams,
    OptimizerParams,
    PredictionParams,
    SampleWeightParams,
    ServerParams,
    SpillParams,
    StalenessParams,
    StartParams,
    TimeoutParams,
    TrafficParams,
    TrainingParams,
    TransformParams,
    ValidationParams,
)
from sparkflow.session import active_context, sparkflow_jvm
from sparkflow.transform_check import check_transform
from sparkflow.writer import Writable

# Arguments of SparkAsyncDL that are no params, or no values of such.
_NO_PARAMS = (
    "initialWeights",
    "loss_callback",
    "validation_callback",
    "model",
    "loss",
    "optimizer",
    "metrics",
)


class SparkAsyncDL(
    JavaEstimator,
    GraphParams,
    InputParams,
    LabelParams,
    PredictionParams,
    ClassifierParams,
    OptimizerParams,
    TrainingParams,
    ServerParams,
    StalenessParams,
    TrafficParams,
    StartParams,
    SpillParams,
    CheckpointParams,
    TimeoutParams,
    ValidationParams,
    EarlyStoppingParams,
    SampleWeightParams,
    GradientParams,
    TransformParams,
    JavaMLReadable,
    Writable,
):
    """Trains a TensorFlow graph on a DataFrame: a session per partition, a parameter server on the driver.

    All arguments are by keyword; None means that a param is not set. ``explainParams()`` tells what each one
    is. These are more than params:

    Parameters
    ----------
    initialWeights : SparkAsyncDLModel, or sequence or mapping of array_like, optional
        What to start from: a model of the same graph; its arrays in the order of
        ``tf.trainable_variables()``, as ``HogwildSparkModel.train`` returns them; or arrays by name, as
        ``SparkAsyncDLModel.weights`` has them.
    loss_callback : callable, optional
        Called on the driver as ``loss_callback(loss, iteration, partition)`` each time a partition ends an
        iteration: float, and int from 0. Calls come one at a time, on a thread of their own. An exception
        ends the fit and comes out of it, but for ``StopTraining``: then the fit returns the model that it
        has come to. Not a param: copies have it, a saved estimator has not.
    validation_callback : callable, optional
        Called likewise as ``validation_callback(loss, iteration, metrics)`` each time all partitions have
        ended an iteration of a fit that holds rows out; the metrics are a dict of floats by name.
    model : keras.Model, optional
        A Keras 3 model instead of a graph, built. It is left as it is. The params tensorflowGraph, tfInput,
        tfLabel and tfOutput follow from it; for several inputs or outputs tfInputs and tfLabels, and
        inputCols and labelCols may be dicts by their names. What it has learnt is what
        training starts from, unless initialWeights is given. For several classes, ``tfOutput="class:0"``
        predicts the number of the class.
    loss : str, callable or keras.losses.Loss, optional
        Instead of the one that the model was compiled with. Regularizers and ``add_loss`` come on top, as in
        Keras. The label is like the model's output; for ``sparse_categorical_crossentropy``, an integer.
    optimizer : str or keras.optimizers.Optimizer, optional
        Instead of the one that the model was compiled with; tfOptimizer, optimizerOptions and tfLearningRate
        follow from it. What it has learnt of the gradients is not taken along.
    metrics : optional
        As ``compile`` takes them, and instead of those that the model was compiled with. Validation computes
        those that are a mean over the rows; a warning names the others.

    Raises
    ------
    RuntimeError
        There is no SparkSession, or SparkFlow's jar is not on it.
    TypeError, ValueError
        The Keras model, its loss or its optimizer cannot be trained here; the message says what to change.
    """

    @keyword_only
    def __init__(
        self,
        *,
        inputCol: str | None = None,
        tensorflowGraph: str | None = None,
        tfInput: str | None = None,
        tfLabel: str | None = None,
        tfOutput: str | None = None,
        tfOptimizer: str | None = None,
        tfLearningRate: float | None = None,
        iters: int | None = None,
        predictionCol: str | None = None,
        partitions: int | None = None,
        miniBatchSize: int | None = None,
        miniStochasticIters: int | None = None,
        acquireLock: bool | None = None,
        shufflePerIter: bool | None = None,
        tfDropout: str | None = None,
        toKeepDropout: bool | None = None,
        verbose: int | None = None,
        labelCol: str | None = None,
        partitionShuffles: int | None = None,
        optimizerOptions: str | Mapping[str, Any] | None = None,
        learningRateSchedule: str | Mapping[str, Any] | None = None,
        port: int | None = None,
        mode: str | None = None,
        maxStaleness: int | None = None,
        stalenessDecay: bool | None = None,
        delayCompensation: float | None = None,
        transport: str | None = None,
        localSteps: int | None = None,
        compression: str | None = None,
        sparseTables: bool | None = None,
        seed: int | None = None,
        initialWeights: Any = None,
        useRegularizationLosses: bool | None = None,
        inferenceBatchSize: int | None = None,
        spillLimit: int | None = None,
        spillDir: str | None = None,
        checkpointDir: str | None = None,
        checkpointInterval: int | None = None,
        checkpointKeep: int | None = None,
        resume: bool | None = None,
        workerTimeout: int | None = None,
        waitTimeout: int | None = None,
        validationIndicatorCol: str | None = None,
        validationFraction: float | None = None,
        earlyStoppingPatience: int | None = None,
        earlyStoppingMinDelta: float | None = None,
        restoreBest: bool | None = None,
        sampleWeightCol: str | None = None,
        tfSampleWeight: str | None = None,
        clipNorm: float | None = None,
        clipVariableNorm: float | None = None,
        clipValue: float | None = None,
        gradientAccumulationSteps: int | None = None,
        rawPredictionCol: str | None = None,
        probabilityCol: str | None = None,
        thresholds: Sequence[float] | None = None,
        fromLogits: bool | None = None,
        classWeights: str | Mapping[int, float] | None = None,
        transformFn: str | None = None,
        monitor: str | None = None,
        monitorMode: str | None = None,
        tfMetrics: str | Mapping[str, str] | None = None,
        inputCols: Sequence[str] | Mapping[str, str] | None = None,
        tfInputs: Sequence[str] | None = None,
        outputCols: Sequence[str] | Mapping[str, str] | None = None,
        tfOutputs: Sequence[str] | None = None,
        labelCols: Sequence[str] | Mapping[str, str] | None = None,
        tfLabels: Sequence[str] | None = None,
        loss_callback: LossCallback | None = None,
        validation_callback: ValidationCallback | None = None,
        model: Any = None,
        loss: Any = None,
        optimizer: Any = None,
        metrics: Any = None,
    ) -> None:
        sparkflow_jvm()
        super().__init__()
        self._java_obj = self._new_java_obj("sparkflow.ml.SparkAsyncDL", self.uid)
        self._loss_callback: LossCallback | None = None
        self._validation_callback: ValidationCallback | None = None
        self.setParams(**self._input_kwargs)

    @keyword_only
    def setParams(
        self,
        *,
        inputCol: str | None = None,
        tensorflowGraph: str | None = None,
        tfInput: str | None = None,
        tfLabel: str | None = None,
        tfOutput: str | None = None,
        tfOptimizer: str | None = None,
        tfLearningRate: float | None = None,
        iters: int | None = None,
        predictionCol: str | None = None,
        partitions: int | None = None,
        miniBatchSize: int | None = None,
        miniStochasticIters: int | None = None,
        acquireLock: bool | None = None,
        shufflePerIter: bool | None = None,
        tfDropout: str | None = None,
        toKeepDropout: bool | None = None,
        verbose: int | None = None,
        labelCol: str | None = None,
        partitionShuffles: int | None = None,
        optimizerOptions: str | Mapping[str, Any] | None = None,
        learningRateSchedule: str | Mapping[str, Any] | None = None,
        port: int | None = None,
        mode: str | None = None,
        maxStaleness: int | None = None,
        stalenessDecay: bool | None = None,
        delayCompensation: float | None = None,
        transport: str | None = None,
        localSteps: int | None = None,
        compression: str | None = None,
        sparseTables: bool | None = None,
        seed: int | None = None,
        initialWeights: Any = None,
        useRegularizationLosses: bool | None = None,
        inferenceBatchSize: int | None = None,
        spillLimit: int | None = None,
        spillDir: str | None = None,
        checkpointDir: str | None = None,
        checkpointInterval: int | None = None,
        checkpointKeep: int | None = None,
        resume: bool | None = None,
        workerTimeout: int | None = None,
        waitTimeout: int | None = None,
        validationIndicatorCol: str | None = None,
        validationFraction: float | None = None,
        earlyStoppingPatience: int | None = None,
        earlyStoppingMinDelta: float | None = None,
        restoreBest: bool | None = None,
        sampleWeightCol: str | None = None,
        tfSampleWeight: str | None = None,
        clipNorm: float | None = None,
        clipVariableNorm: float | None = None,
        clipValue: float | None = None,
        gradientAccumulationSteps: int | None = None,
        rawPredictionCol: str | None = None,
        probabilityCol: str | None = None,
        thresholds: Sequence[float] | None = None,
        fromLogits: bool | None = None,
        classWeights: str | Mapping[int, float] | None = None,
        transformFn: str | None = None,
        monitor: str | None = None,
        monitorMode: str | None = None,
        tfMetrics: str | Mapping[str, str] | None = None,
        inputCols: Sequence[str] | Mapping[str, str] | None = None,
        tfInputs: Sequence[str] | None = None,
        outputCols: Sequence[str] | Mapping[str, str] | None = None,
        tfOutputs: Sequence[str] | None = None,
        labelCols: Sequence[str] | Mapping[str, str] | None = None,
        tfLabels: Sequence[str] | None = None,
        loss_callback: LossCallback | None = None,
        validation_callback: ValidationCallback | None = None,
        model: Any = None,
        loss: Any = None,
        optimizer: Any = None,
        metrics: Any = None,
    ) -> "SparkAsyncDL":
        """Sets those that are not None; the arguments are the constructor's."""
        kwargs = dict(self._input_kwargs)
        for name in _NO_PARAMS:
            kwargs.pop(name, None)
        if model is not None:
            params, values = keras_params(model, loss, optimizer, metrics, kwargs)
            if initialWeights is None:
                initialWeights = SparkAsyncDLModel._of(*values)
            kwargs |= params
        elif not (loss is None and optimizer is None and metrics is None):
            raise ValueError(
                "loss, optimizer and metrics go with model, a Keras model; a graph has its loss in it, and "
                "tfOptimizer is its optimizer"
            )
        self._set(**kwargs)
        if initialWeights is not None:
            self.setInitialWeights(initialWeights)
        if loss_callback is not None:
            self.setLossCallback(loss_callback)
        if validation_callback is not None:
            self.setValidationCallback(validation_callback)
        return self

    def setLossCallback(self, value: LossCallback | None) -> "SparkAsyncDL":
        """What to call on the driver as ``value(loss, iteration, partition)``; None calls nothing."""
        if value is not None and not callable(value):
            raise TypeError(f"loss_callback must be callable as f(loss, iteration, partition), got {value!r}")
        self._loss_callback = value
        return self

    def getLossCallback(self) -> LossCallback | None:
        return self._loss_callback

    def setValidationCallback(self, value: ValidationCallback | None) -> "SparkAsyncDL":
        """What to call on the driver as ``value(loss, iteration, metrics)``; None calls nothing."""
        if value is not None and not callable(value):
            raise TypeError(
                f"validation_callback must be callable as f(loss, iteration, metrics), got {value!r}"
            )
        self._validation_callback = value
        return self

    def getValidationCallback(self) -> ValidationCallback | None:
        return self._validation_callback

    def setInitialWeights(self, value: Any) -> "SparkAsyncDL":
        """What to start from: a model, or arrays in order or by name. Set tensorflowGraph before arrays."""
        return self._set(initialWeights=None if value is None else self._java_state(value))

    def getInitialWeights(self) -> dict[str, NDArray[np.float32]] | None:
        """The values to start from, by name; None where training starts from the graph's initializers."""
        if not self.isDefined(self.initialWeights):
            return None
        state, jvm = self._java_state(self.getOrDefault(self.initialWeights)), sparkflow_jvm()
        return SparkAsyncDLModel(
            jvm.sparkflow.ml.SparkAsyncDLModel(self.uid, "", state, jvm.scala.Option.empty())
        ).weights

    def _java_state(self, value: Any) -> Any:
        """The JVM's ``ModelState`` of anything that ``initialWeights`` may be."""
        if isinstance(value, JavaObject):
            return value
        if isinstance(value, SparkAsyncDLModel):
            return value._java_obj.state()
        if not isinstance(value, (Mapping, list, tuple)):
            raise TypeError(
                "initialWeights must be a SparkAsyncDLModel, a list of arrays in the order of"
                f" tf.trainable_variables(), or a dict of arrays by name; got {type(value).__name__}"
            )
        if not self.getTensorflowGraph():
            raise ValueError(
                "initialWeights as arrays needs the graph they are for: set tensorflowGraph before"
            )
        from sparkflow.backend.values import from_arrays

        return SparkAsyncDLModel._of(*from_arrays(self.getTensorflowGraph(), value))._java_obj.state()

    def _make_java_param_pair(self, param: Any, value: Any) -> Any:
        # A ParamMap given to fit or copy does not go through the setter.
        if self._resolveParam(param).name == "initialWeights":
            value = self._java_state(value)
        return super()._make_java_param_pair(param, value)

    def _fit_java(self, dataset: Any) -> Any:
        active_context()
        check_transform(self.getTransformFn())
        self._transfer_params_to_java()
        return fit(self._java_obj, dataset, self._loss_callback, self.getVerbose(), self._validation_callback)

    def _create_model(self, java_model: Any) -> SparkAsyncDLModel:
        return SparkAsyncDLModel(java_model)

    @classmethod
    def read(cls) -> Any:
        """The reader of saved estimators; ``load(path)`` is short for ``read().load(path)``."""
        sparkflow_jvm()
        return super().read()
