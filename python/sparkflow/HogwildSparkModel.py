"""SparkFlow 0.7's entry point for RDDs; new code has ``SparkAsyncDL`` on a DataFrame, which trains alike."""

import json
import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyspark.ml.linalg import DenseVector, SparseVector, VectorUDT
from pyspark.sql import SparkSession
from pyspark.sql.types import StructField, StructType

from sparkflow.fit import LossCallback
from sparkflow.ml import SparkAsyncDL
from sparkflow.optimizers import optimizer_options


class HogwildSparkModel:
    """Trains a TensorFlow graph on an RDD.

    Parameters
    ----------
    tensorflowGraph : str
        JSON of the MetaGraphDef, as ``graph_utils.build_graph`` makes it.
    iters : int
        Iterations that each partition trains.
    tfInput, tfLabel : str
        Names of the placeholders. ``tfLabel`` None trains unsupervised.
    optimizer : tensorflow.compat.v1.train.Optimizer
        One of the ten classes that ``SparkAsyncDL`` has names for; its hyperparameters must be plain numbers.
    master_url, serverStartup
        Not needed any more: workers are told where the server is, and need not wait for it.
    acquire_lock : bool
        Whether each update takes a lock.
    mini_batch, mini_stochastic_iters, shuffle, verbose, partition_shuffles, port
        As ``miniBatchSize``, ``miniStochasticIters``, ``shufflePerIter``, ``verbose``, ``partitionShuffles``
        and ``port`` of ``SparkAsyncDL``.
    loss_callback : callable, optional
        Called on the driver as ``loss_callback(loss, iteration, partition)``.

    Raises
    ------
    TypeError, ValueError
        ``optimizer`` is no such object, or has a schedule or tensor for a hyperparameter.
    """

    def __init__(
        self,
        tensorflowGraph: str | None = None,
        iters: int = 1000,
        tfInput: str | None = None,
        tfLabel: str | None = None,
        optimizer: Any = None,
        master_url: str | None = None,
        serverStartup: float = 8,
        acquire_lock: bool = False,
        mini_batch: int = -1,
        mini_stochastic_iters: int = -1,
        shuffle: bool = True,
        verbose: int = 0,
        partition_shuffles: int = 1,
        loss_callback: LossCallback | None = None,
        port: int = 0,
    ) -> None:
        name, options = optimizer_options(optimizer)
        _, colon, url_port = (master_url or "").rpartition(":")
        if colon and url_port != str(port):
            warnings.warn(
                f"master_url {master_url!r} is not used: the server listens on the driver's port"
                f" {port or 'that is free'}; port={url_port} would choose that one",
                stacklevel=2,
            )
        self._params = {
            "inputCol": "features",
            "labelCol": None if tfLabel is None else "label",
            "tensorflowGraph": tensorflowGraph,
            "iters": iters,
            "tfInput": tfInput,
            "tfLabel": tfLabel,
            # Nothing is predicted; the one tensor that is there in any graph.
            "tfOutput": tfInput,
            "tfOptimizer": name,
            "optimizerOptions": json.dumps(options),
            "acquireLock": acquire_lock,
            "miniBatchSize": mini_batch,
            "miniStochasticIters": mini_stochastic_iters,
            "shufflePerIter": shuffle,
            "verbose": verbose,
            "partitionShuffles": partition_shuffles,
            "loss_callback": loss_callback,
            "port": port,
        }

    def train(self, rdd: Any) -> list[NDArray[np.float32]]:
        """Trains on all partitions of an RDD at once, each as it is, and returns the weights.

        Parameters
        ----------
        rdd : pyspark.RDD
            Of ``(features, label)``, or of features where ``tfLabel`` is None. Each is an array, a list, a
            number or an ML vector; an array of several dimensions is taken in C order and gets its shape back
            from the placeholder.

        Returns
        -------
        list of numpy.ndarray
            One for each trainable variable of the graph, float32, of the variable's shape, in their order.

        Raises
        ------
        sparkflow.fit.TrainingError
            The fit began and failed.
        RuntimeError
            There is no SparkSession, or SparkFlow's jar is not on it.
        """
        estimator = SparkAsyncDL(partitions=rdd.getNumPartitions(), **self._params)
        model = estimator.fit(_dataframe(rdd, supervised=self._params["tfLabel"] is not None))
        weights: list[NDArray[np.float32]] = model.get_weights()
        return weights

    def stop_server(self) -> None:
        """Does nothing: the server is gone when ``train`` returns or raises."""


def _dataframe(rdd: Any, supervised: bool) -> Any:
    # Nested, so that Spark ships it by value: executors need not have this package on their path.
    def vector(value: Any) -> Any:
        if isinstance(value, (DenseVector, SparseVector)):
            return value
        return DenseVector(np.ravel(np.asarray(value, dtype=np.float64)))

    columns = [StructField("features", VectorUDT())]
    if supervised:
        columns.append(StructField("label", VectorUDT()))
        rows = rdd.map(lambda row: (vector(row[0]), vector(row[1])))
    else:
        rows = rdd.map(lambda row: (vector(row),))
    session = SparkSession.getActiveSession() or SparkSession(rdd.context)
    return session.createDataFrame(rows, StructType(columns), verifySchema=False)
