"""The params of the Spark ML stages, one class a subject, as in the jar's package ``sparkflow.params``.

Names, docs and defaults are those of the jar; a test compares them. A setter given None changes nothing; a
getter of a param that is not set and has no default gives None.
"""
# mypy: disallow-subclassing-any=False, disable-error-code="no-any-return"

import json
from collections.abc import Mapping
from typing import Any, TypeVar

from pyspark.ml.param import Param, Params, TypeConverters

Self = TypeVar("Self", bound="_Base")


def _param(name: str, doc: str, converter: Any) -> Any:
    return Param(Params._dummy(), name, doc, typeConverter=converter)


def _graph(value: Any) -> str:
    if callable(value):
        name = getattr(value, "__name__", "function")
        raise TypeError(
            f"It takes the graph, got the function that builds it: pass build_graph({name}), "
            "from sparkflow.graph_utils"
        )
    return TypeConverters.toString(value)


def _options(value: Any) -> str:
    if not isinstance(value, Mapping):
        return TypeConverters.toString(value)
    try:
        return json.dumps(dict(value))
    except TypeError as e:
        raise TypeError(f"{e}: give plain numbers and booleans") from e


class _Base(Params):
    def __init__(self, *args: Any) -> None:
        super().__init__(*args)

    def _set(self: Self, **kwargs: Any) -> Self:
        # Params would keep a None as a value that is set.
        return super()._set(**{name: value for name, value in kwargs.items() if value is not None})

    def _value(self, param: Any) -> Any:
        return self.getOrDefault(param) if self.isDefined(param) else None


class InputParams(_Base):
    """Where the features come from and which placeholder they feed; the same in training and prediction."""

    inputCol = _param(
        "inputCol",
        "Name of the features column: an ML vector (dense or sparse), an array of numbers, or a number. "
        "It feeds the placeholder named by tfInput.",
        TypeConverters.toString,
    )
    tfInput = _param(
        "tfInput",
        "Tensor name of the placeholder that takes the features, such as 'x:0'.",
        TypeConverters.toString,
    )

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._setDefault(inputCol="transformed", tfInput="x:0")

    def getInputCol(self) -> str:
        return self._value(self.inputCol)

    def setInputCol(self: Self, value: str | None) -> Self:
        return self._set(inputCol=value)

    def getTfInput(self) -> str:
        return self._value(self.tfInput)

    def setTfInput(self: Self, value: str | None) -> Self:
        return self._set(tfInput=value)


class LabelParams(_Base):
    """Where the labels come from and which placeholder they feed. Both set: supervised; neither:
    unsupervised."""

    labelCol = _param(
        "labelCol",
        "Name of the label column, of the same types as inputCol; it feeds the placeholder named by tfLabel. "
        "Not set: training is unsupervised.",
        TypeConverters.toString,
    )
    tfLabel = _param(
        "tfLabel",
        "Tensor name of the placeholder that takes the label, such as 'y:0'. Not set: training is "
        "unsupervised, "
        "as for an autoencoder.",
        TypeConverters.toString,
    )

    def getLabelCol(self) -> str | None:
        return self._value(self.labelCol)

    def setLabelCol(self: Self, value: str | None) -> Self:
        return self._set(labelCol=value)

    def getTfLabel(self) -> str | None:
        return self._value(self.tfLabel)

    def setTfLabel(self: Self, value: str | None) -> Self:
        return self._set(tfLabel=value)


class GraphParams(_Base):
    """The TensorFlow graph to train, and which of its losses count."""

    tensorflowGraph = _param(
        "tensorflowGraph",
        "The TensorFlow graph as the JSON of a MetaGraphDef, as made by sparkflow.graph_utils.build_graph "
        "or python -m sparkflow graph.",
        _graph,
    )
    useRegularizationLosses = _param(
        "useRegularizationLosses",
        "Whether to add the losses in the graph's REGULARIZATION_LOSSES collection to the loss that is "
        "trained, "
        "which is the first in its LOSSES collection.",
        TypeConverters.toBoolean,
    )

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._setDefault(tensorflowGraph="", useRegularizationLosses=False)

    def getTensorflowGraph(self) -> str:
        return self._value(self.tensorflowGraph)

    def setTensorflowGraph(self: Self, value: str | None) -> Self:
        return self._set(tensorflowGraph=value)

    def getUseRegularizationLosses(self) -> bool:
        return self._value(self.useRegularizationLosses)

    def setUseRegularizationLosses(self: Self, value: bool | None) -> Self:
        return self._set(useRegularizationLosses=value)


class OptimizerParams(_Base):
    """The rule by which the parameter server turns gradients into new weights."""

    tfOptimizer = _param(
        "tfOptimizer",
        "Name of the optimizer: adam, rmsprop, momentum, adadelta, adagrad, gradient_descent, adagrad_da, "
        "ftrl, "
        "proximal_adagrad or proximal_gradient_descent.",
        TypeConverters.toString,
    )
    tfLearningRate = _param(
        "tfLearningRate",
        "Learning rate of the optimizer, more than 0; a learning_rate in optimizerOptions wins over it.",
        TypeConverters.toFloat,
    )
    optimizerOptions = _param(
        "optimizerOptions",
        "Options of the optimizer as a JSON object with TensorFlow's option names, such as "
        '{"learning_rate": 0.001, "beta1": 0.9}; the build_*_config functions of sparkflow.graph_utils '
        "make it. "
        "Not set: TensorFlow's defaults.",
        _options,
    )

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._setDefault(tfOptimizer="adam", tfLearningRate=0.01)

    def getTfOptimizer(self) -> str:
        return self._value(self.tfOptimizer)

    def setTfOptimizer(self: Self, value: str | None) -> Self:
        return self._set(tfOptimizer=value)

    def getTfLearningRate(self) -> float:
        return self._value(self.tfLearningRate)

    def setTfLearningRate(self: Self, value: float | None) -> Self:
        return self._set(tfLearningRate=value)

    def getOptimizerOptions(self) -> str | None:
        return self._value(self.optimizerOptions)

    def setOptimizerOptions(self: Self, value: str | Mapping[str, Any] | None) -> Self:
        return self._set(optimizerOptions=value)


class PredictionParams(_Base):
    """What a fitted model computes, and the column that it goes to."""

    predictionCol = _param(
        "predictionCol",
        "Name of the column that transform adds: a double where tfOutput is one value a row, otherwise an "
        "ML vector.",
        TypeConverters.toString,
    )
    tfOutput = _param(
        "tfOutput",
        "Tensor name of the output that transform computes, such as 'out:0'; training does not use it.",
        TypeConverters.toString,
    )
    tfDropout = _param(
        "tfDropout",
        "Tensor name of the dropout placeholder, to which transform feeds 1.0 or 0.0 as toKeepDropout says. "
        "Not set: transform feeds no dropout.",
        TypeConverters.toString,
    )
    toKeepDropout = _param(
        "toKeepDropout",
        "What the value fed to tfDropout means: true if it is the share of units to keep (transform feeds "
        "1.0), "
        "false if it is the share to drop (transform feeds 0.0).",
        TypeConverters.toBoolean,
    )

    inferenceBatchSize = _param(
        "inferenceBatchSize",
        "Rows that transform puts through the graph at once, 1 or more: more take more memory for what the "
        "graph "
        "computes. A graph whose placeholder fixes the number decides itself.",
        TypeConverters.toInt,
    )

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._setDefault(
            predictionCol="predicted",
            tfOutput="out/Sigmoid:0",
            toKeepDropout=False,
            inferenceBatchSize=1024,
        )

    def getPredictionCol(self) -> str:
        return self._value(self.predictionCol)

    def setPredictionCol(self: Self, value: str | None) -> Self:
        return self._set(predictionCol=value)

    def getTfOutput(self) -> str:
        return self._value(self.tfOutput)

    def setTfOutput(self: Self, value: str | None) -> Self:
        return self._set(tfOutput=value)

    def getTfDropout(self) -> str | None:
        return self._value(self.tfDropout)

    def setTfDropout(self: Self, value: str | None) -> Self:
        return self._set(tfDropout=value)

    def getToKeepDropout(self) -> bool:
        return self._value(self.toKeepDropout)

    def setToKeepDropout(self: Self, value: bool | None) -> Self:
        return self._set(toKeepDropout=value)

    def getInferenceBatchSize(self) -> int:
        return self._value(self.inferenceBatchSize)

    def setInferenceBatchSize(self: Self, value: int | None) -> Self:
        return self._set(inferenceBatchSize=value)


class TrainingParams(_Base):
    """The loop that each worker runs over its partition."""

    iters = _param(
        "iters",
        "Number of iterations that each partition trains, 1 or more; miniBatchSize and miniStochasticIters "
        "say what "
        "an iteration is.",
        TypeConverters.toInt,
    )
    partitions = _param(
        "partitions",
        "Most partitions to train on, 1 or more; each has one worker. Data in fewer partitions stay as "
        "they are.",
        TypeConverters.toInt,
    )
    miniBatchSize = _param(
        "miniBatchSize",
        "Rows in a mini-batch, 1 or more; -1 trains on all rows of the partition at once.",
        TypeConverters.toInt,
    )
    miniStochasticIters = _param(
        "miniStochasticIters",
        "Random mini-batches in an iteration, 1 or more; -1 goes through all rows of the partition in "
        "mini-batches.",
        TypeConverters.toInt,
    )
    shufflePerIter = _param(
        "shufflePerIter",
        "Whether a worker shuffles its rows before each iteration.",
        TypeConverters.toBoolean,
    )
    partitionShuffles = _param(
        "partitionShuffles",
        "Number of times that all iterations are run, 1 or more, with the rows shuffled across partitions "
        "in between.",
        TypeConverters.toInt,
    )
    seed = _param(
        "seed",
        "Seed of the initial weights, the shuffling and dropout. Not set: each fit draws its own.",
        TypeConverters.toInt,
    )
    verbose = _param(
        "verbose",
        "How much fit tells while it trains, 0 or more: 0 is silent, 1 shows a progress line a second, "
        "2 one for every report.",
        TypeConverters.toInt,
    )

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._setDefault(
            iters=1000,
            partitions=5,
            miniBatchSize=128,
            miniStochasticIters=-1,
            shufflePerIter=True,
            partitionShuffles=1,
            verbose=0,
        )

    def getIters(self) -> int:
        return self._value(self.iters)

    def setIters(self: Self, value: int | None) -> Self:
        return self._set(iters=value)

    def getPartitions(self) -> int:
        return self._value(self.partitions)

    def setPartitions(self: Self, value: int | None) -> Self:
        return self._set(partitions=value)

    def getMiniBatchSize(self) -> int:
        return self._value(self.miniBatchSize)

    def setMiniBatchSize(self: Self, value: int | None) -> Self:
        return self._set(miniBatchSize=value)

    def getMiniStochasticIters(self) -> int:
        return self._value(self.miniStochasticIters)

    def setMiniStochasticIters(self: Self, value: int | None) -> Self:
        return self._set(miniStochasticIters=value)

    def getShufflePerIter(self) -> bool:
        return self._value(self.shufflePerIter)

    def setShufflePerIter(self: Self, value: bool | None) -> Self:
        return self._set(shufflePerIter=value)

    def getPartitionShuffles(self) -> int:
        return self._value(self.partitionShuffles)

    def setPartitionShuffles(self: Self, value: int | None) -> Self:
        return self._set(partitionShuffles=value)

    def getSeed(self) -> int | None:
        return self._value(self.seed)

    def setSeed(self: Self, value: int | None) -> Self:
        return self._set(seed=value)

    def getVerbose(self) -> int:
        return self._value(self.verbose)

    def setVerbose(self: Self, value: int | None) -> Self:
        return self._set(verbose=value)


class ServerParams(_Base):
    """How the parameter server keeps the weights consistent, and where it listens."""

    mode = _param(
        "mode",
        "How workers share the weights: hogwild (no lock, workers read and write as they come) or "
        "locked (updates are atomic and ordered).",
        TypeConverters.toString,
    )
    acquireLock = _param(
        "acquireLock",
        "Whether each update takes a lock: true is the same as mode locked, false as mode hogwild.",
        TypeConverters.toBoolean,
    )
    port = _param(
        "port",
        "Port of the parameter server on the driver, 1024 to 65535; 0 takes any free port.",
        TypeConverters.toInt,
    )

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._setDefault(mode="hogwild", acquireLock=False, port=0)

    def getMode(self) -> str:
        return self._value(self.mode)

    def setMode(self: Self, value: str | None) -> Self:
        return self._set(mode=value)

    def getAcquireLock(self) -> bool:
        return self._value(self.acquireLock)

    def setAcquireLock(self: Self, value: bool | None) -> Self:
        return self._set(acquireLock=value)

    getAqcuireLock = getAcquireLock  # as SparkFlow 0.7 spelt it

    def getPort(self) -> int:
        return self._value(self.port)

    def setPort(self: Self, value: int | None) -> Self:
        return self._set(port=value)


class TrafficParams(_Base):
    """How gradients and weights travel between the workers and the parameter server."""

    transport = _param(
        "transport",
        "How gradients and weights travel: auto (shared memory for workers on the server's host where there "
        "is room for it, otherwise TCP), tcp, or shm (shared memory, or the fit fails).",
        TypeConverters.toString,
    )

    localSteps = _param(
        "localSteps",
        "Mini-batches that a worker trains on its own, with the optimizer in its TensorFlow session, before "
        "it pushes what they have changed, 1 or more; 1 pushes the gradient of every mini-batch to the "
        "server's optimizer.",
        TypeConverters.toInt,
    )

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._setDefault(transport="auto", localSteps=1)

    def getLocalSteps(self) -> int:
        return self._value(self.localSteps)

    def setLocalSteps(self: Self, value: int | None) -> Self:
        return self._set(localSteps=value)

    def getTransport(self) -> str:
        return self._value(self.transport)

    def setTransport(self: Self, value: str | None) -> Self:
        return self._set(transport=value)


class SpillParams(_Base):
    """How much memory a worker's rows may take, and where they go beyond it."""

    spillLimit = _param(
        "spillLimit",
        "Most bytes of rows that a worker holds in memory, 1 or more, as float32; a partition of more goes "
        "to a file in spillDir. -1 holds all rows in memory.",
        TypeConverters.toInt,
    )
    spillDir = _param(
        "spillDir",
        "Directory on the workers for the rows beyond spillLimit; it must exist. "
        "Not set: the directory where Spark's own temporary files go.",
        TypeConverters.toString,
    )

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._setDefault(spillLimit=-1)

    def getSpillLimit(self) -> int:
        return self._value(self.spillLimit)

    def setSpillLimit(self: Self, value: int | None) -> Self:
        return self._set(spillLimit=value)

    def getSpillDir(self) -> str | None:
        return self._value(self.spillDir)

    def setSpillDir(self: Self, value: str | None) -> Self:
        return self._set(spillDir=value)


class StartParams(_Base):
    """What training starts from."""

    initialWeights = _param(
        "initialWeights",
        "Weights of a fitted model of the same graph, to start from. "
        "Not set: training starts from the graph's own initializers.",
        TypeConverters.identity,
    )
