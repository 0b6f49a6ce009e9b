"""The Spark ML stages; the jar has classes of the same full names, so pipelines load in both languages."""
# mypy: disallow-subclassing-any=False, disallow-untyped-decorators=False
# mypy: disable-error-code="no-any-return"

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from py4j.java_gateway import JavaObject  # type: ignore[import-untyped]
from pyspark import keyword_only
from pyspark.ml.util import JavaMLReadable, JavaMLWritable
from pyspark.ml.wrapper import JavaEstimator, JavaModel

from sparkflow.backend.layout import Layout
from sparkflow.fit import LossCallback, fit
from sparkflow.keras_model import keras_params
from sparkflow.params import (
    CheckpointParams,
    GraphParams,
    InputParams,
    LabelParams,
    OptimizerParams,
    PredictionParams,
    ServerParams,
    SpillParams,
    StalenessParams,
    StartParams,
    TimeoutParams,
    TrafficParams,
    TrainingParams,
)
from sparkflow.session import sparkflow_jvm
from sparkflow.summary import TrainingSummary


class SparkAsyncDLModel(JavaModel, InputParams, PredictionParams, JavaMLReadable, JavaMLWritable):
    """A trained TensorFlow graph: what ``SparkAsyncDL.fit`` returns.

    ``transform`` adds the column ``predictionCol``: a double where ``tfOutput`` gives one value a row,
    otherwise an ML vector. It is lazy and keeps every other column.
    """

    @property
    def weights(self) -> dict[str, NDArray[np.float32]]:
        """The trainable variables by name, in the order of ``tf.trainable_variables()``; read anew on
        each use."""
        layout = self._layout()
        values = np.frombuffer(self._java_obj.weightsBytes(), "<f4")
        return dict(zip([v.name for v in layout.weights], layout.weight_views(values), strict=True))

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

    def to_keras(self, like: Any = None) -> Any:
        """The Keras model that was trained, with its trained weights; compile it to evaluate or train it.

        Parameters
        ----------
        like : keras.Model, optional
            A built model of the same architecture, which gets the weights and is returned. Needed for models
            that cannot be made from their config, such as subclassed ones without ``get_config``.

        Raises
        ------
        ValueError
            The model is of a graph, or cannot be made again, or ``like`` has other weights.
        """
        from sparkflow.backend.keras.restore import to_keras

        return to_keras(self._java_obj.graph(), {**self.weights, **self.get_state()}, like)

    toKeras = to_keras

    def save_tensorflow(self, path: str, format: str = "saved_model", *, overwrite: bool = False) -> None:
        """Writes the model for programs without SparkFlow.

        Parameters
        ----------
        path : str
            On the driver, or on any file system that Hadoop reaches if it begins with a scheme (``hdfs://…``).
        format : str
            ``"saved_model"``: a directory with the signature ``serving_default``, whose input and output are
            called as ``tfInput`` and ``tfOutput`` without the number. ``"keras"``: a ``.keras`` file of what
            ``to_keras()`` gives. ``"graph"``: a frozen graph, a GraphDef in binary, whose tensors are called
            as in the model.
        overwrite : bool
            Replace what is there.

        Raises
        ------
        FileExistsError
            There is something and ``overwrite`` is False.
        ValueError
            There is no such format, the path does not go with it, or the model cannot be had in it.
        """
        from sparkflow.exporting import save_tensorflow

        save_tensorflow(self, path, format, overwrite)

    saveTensorflow = save_tensorflow

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

    @classmethod
    def read(cls) -> Any:
        """The reader of saved models; ``load(path)`` is short for ``read().load(path)``."""
        sparkflow_jvm()
        return super().read()

    @classmethod
    def load_tensorflow(
        cls,
        path: str,
        *,
        signature: str | None = None,
        tags: Iterable[str] | None = None,
        custom_objects: Mapping[str, Any] | None = None,
        **params: Any,
    ) -> "SparkAsyncDLModel":
        """A model that something else has trained, as a fitted stage.

        What it is, is seen from what lies at ``path``: the directory of a SavedModel; a Keras model
        (``.keras``, ``.h5``); a TensorFlow 1 checkpoint, by the path that ``tf.train.Saver.save`` returned;
        or a frozen graph (``.pb``, ``.pbtxt``). ``tfInput`` and ``tfOutput`` follow from it where it has one
        of each.

        Parameters
        ----------
        path : str
            On the driver, or on any file system that Hadoop reaches if it begins with a scheme (``hdfs://…``).
        signature : str, optional
            Of a SavedModel; by default ``serving_default``, or the only one. Inputs and outputs are tensors
            of the signature's own names (``"output_0:0"``).
        tags : iterable of str, optional
            Of a SavedModel's graph; by default ``["serve"]``, or those of the only one.
        custom_objects : mapping, optional
            Classes by name, for a Keras model that has some of its own.
        **params
            Of the model, such as ``inputCol``, ``predictionCol`` and ``tfOutput``. ``tfOutput="class:0"``
            gives the number of the likeliest class where the output is a row of them.

        Raises
        ------
        FileNotFoundError
            There is nothing at ``path``.
        ValueError
            It is no model, has no such signature, needs what SparkFlow's models have not, or several inputs
            or outputs could be meant; the message names them.
        RuntimeError
            There is no SparkSession, or SparkFlow's jar is not on it.
        """
        from sparkflow.loaders import load_tensorflow

        return load_tensorflow(path, signature=signature, tags=tags, custom_objects=custom_objects, **params)

    loadTensorflow = load_tensorflow

    @classmethod
    def from_keras(cls, model: Any, **params: Any) -> "SparkAsyncDLModel":
        """A Keras 3 model as a fitted stage, with the weights that it has now.

        Parameters
        ----------
        model : keras.Model
            Built, with one input and one output. It is left as it is.
        **params
            Of the model; ``tfInput`` is ``x:0``, and ``tfOutput`` is ``out:0`` unless given (``class:0``).

        Raises
        ------
        TypeError, ValueError
            It is no such model; the message says what to change.
        RuntimeError
            There is no SparkSession, or SparkFlow's jar is not on it.
        """
        from sparkflow.loaders import from_keras

        return from_keras(model, **params)

    fromKeras = from_keras

    @classmethod
    def _of(cls, graph: str, layout: str, weights: bytes, state: bytes) -> "SparkAsyncDLModel":
        """A model of values that were made elsewhere; the arguments as ``backend.values`` gives them."""
        jvm = sparkflow_jvm()
        java_model = jvm.sparkflow.ml.SparkAsyncDLModel.fromBytes(
            cls._randomUID(), graph, layout, weights, state
        )
        model: SparkAsyncDLModel = cls._from_java(java_model)
        return model


class SparkAsyncDL(
    JavaEstimator,
    GraphParams,
    InputParams,
    LabelParams,
    PredictionParams,
    OptimizerParams,
    TrainingParams,
    ServerParams,
    StalenessParams,
    TrafficParams,
    StartParams,
    SpillParams,
    CheckpointParams,
    TimeoutParams,
    JavaMLReadable,
    JavaMLWritable,
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
        ends the fit and comes out of it. Not a param: copies have it, a saved estimator has not.
    model : keras.Model, optional
        A Keras 3 model instead of a graph: built, with one input and one output. It is left as it is. The
        params tensorflowGraph, tfInput, tfLabel and tfOutput follow from it, and what it has learnt is what
        training starts from, unless initialWeights is given. For several classes, ``tfOutput="class:0"``
        predicts the number of the class.
    loss : str, callable or keras.losses.Loss, optional
        Instead of the one that the model was compiled with. Regularizers and ``add_loss`` come on top, as in
        Keras. The label is like the model's output; for ``sparse_categorical_crossentropy``, an integer.
    optimizer : str or keras.optimizers.Optimizer, optional
        Instead of the one that the model was compiled with; tfOptimizer, optimizerOptions and tfLearningRate
        follow from it. What it has learnt of the gradients is not taken along.
    metrics : optional
        As ``compile`` takes them. Not computed yet; a warning says so.

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
        loss_callback: LossCallback | None = None,
        model: Any = None,
        loss: Any = None,
        optimizer: Any = None,
        metrics: Any = None,
    ) -> None:
        sparkflow_jvm()
        super().__init__()
        self._java_obj = self._new_java_obj("sparkflow.ml.SparkAsyncDL", self.uid)
        self._loss_callback: LossCallback | None = None
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
        loss_callback: LossCallback | None = None,
        model: Any = None,
        loss: Any = None,
        optimizer: Any = None,
        metrics: Any = None,
    ) -> "SparkAsyncDL":
        """Sets those that are not None; the arguments are the constructor's."""
        kwargs = dict(self._input_kwargs)
        for name in ("initialWeights", "loss_callback", "model", "loss", "optimizer", "metrics"):
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
        return self

    def setLossCallback(self, value: LossCallback | None) -> "SparkAsyncDL":
        """What to call on the driver as ``value(loss, iteration, partition)``; None calls nothing."""
        if value is not None and not callable(value):
            raise TypeError(f"loss_callback must be callable as f(loss, iteration, partition), got {value!r}")
        self._loss_callback = value
        return self

    def getLossCallback(self) -> LossCallback | None:
        return self._loss_callback

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
        self._transfer_params_to_java()
        return fit(self._java_obj, dataset, self._loss_callback, self.getVerbose())

    def _create_model(self, java_model: Any) -> SparkAsyncDLModel:
        return SparkAsyncDLModel(java_model)

    @classmethod
    def read(cls) -> Any:
        """The reader of saved estimators; ``load(path)`` is short for ``read().load(path)``."""
        sparkflow_jvm()
        return super().read()
