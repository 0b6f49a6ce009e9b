from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from pyspark.ml import Pipeline, PipelineModel
from pyspark.ml.linalg import Vectors, VectorUDT
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.types import StructType

import graphs
from conftest import first_everywhere, oldest_only, uneven
from estimators import accuracy, estimator
from processes import free_port, listening, threads_of_fits
from sparkflow.ml import SparkAsyncDL, SparkAsyncDLModel

LABELLED = StructType().add("label", "double").add("features", VectorUDT())

OPTIMIZERS = {
    "adam": 0.05,
    "rmsprop": 0.02,
    "momentum": 0.1,
    "adadelta": 5.0,
    "adagrad": 0.3,
    "gradient_descent": 0.5,
    "adagrad_da": 0.5,
    "ftrl": 0.5,
    "proximal_adagrad": 0.3,
    "proximal_gradient_descent": 0.5,
}


@pytest.mark.parametrize("dimensions", first_everywhere([2, 1]))
@pytest.mark.parametrize("optimizer", first_everywhere(OPTIMIZERS))
def test_every_optimizer_separates_overlapping_gaussians(
    gaussians: Callable[..., DataFrame], optimizer: str, dimensions: int
) -> None:
    data = gaussians(dimensions)
    model = estimator(
        tensorflowGraph=graphs.classifier(dimensions),
        tfOptimizer=optimizer,
        tfLearningRate=OPTIMIZERS[optimizer],
    ).fit(data)
    # Two classes N(0,1), N(2,1) in d dimensions: the best rule is right on 84 % (1-D) and 92 % (2-D).
    assert accuracy(model, data) >= (0.78 if dimensions == 1 else 0.86)


@pytest.mark.parametrize("mode", ["hogwild", "locked"])
def test_modes(gaussians: Callable[..., DataFrame], mode: str) -> None:
    data = gaussians(2)
    assert accuracy(estimator(mode=mode).fit(data), data) >= 0.86


@pytest.mark.parametrize("optimizer", first_everywhere(["adam", "momentum"]))
def test_local_steps(gaussians: Callable[..., DataFrame], optimizer: str) -> None:
    data = gaussians(2)
    model = estimator(localSteps=4, tfOptimizer=optimizer, optimizerOptions='{"use_locking": true}').fit(data)
    assert accuracy(model, data) >= 0.86


@oldest_only
def test_local_steps_of_one_worker_are_the_servers_steps(gaussians: Callable[..., DataFrame]) -> None:
    data = gaussians(2, partitions=1)
    local, server = (
        estimator(mode="locked", partitions=1, iters=5, localSteps=steps).fit(data).get_weights()
        for steps in (3, 1)
    )
    for one, other in zip(local, server, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)


def test_one_locked_worker_trains_alike_over_tcp_and_shared_memory(
    gaussians: Callable[..., DataFrame],
) -> None:
    data = gaussians(2, partitions=1)
    tcp, shared = (
        estimator(mode="locked", partitions=1, iters=3, transport=transport).fit(data).get_weights()
        for transport in ("tcp", "shm")
    )
    assert all(np.array_equal(one, other) for one, other in zip(tcp, shared, strict=True))
    assert not list(Path("/dev/shm").glob("sparkflow-*"))


@pytest.mark.parametrize("compression", first_everywhere(["int8", "bf16", "topk"]))
def test_compression(gaussians: Callable[..., DataFrame], compression: str) -> None:
    data = gaussians(2)
    model = estimator(transport="tcp", compression=compression).fit(data)
    assert accuracy(model, data) >= 0.86


@oldest_only
def test_compression_of_local_steps(gaussians: Callable[..., DataFrame]) -> None:
    data = gaussians(2)
    model = estimator(transport="tcp", compression="int8", localSteps=4).fit(data)
    assert accuracy(model, data) >= 0.86


def test_acquire_lock_is_locked(gaussians: Callable[..., DataFrame]) -> None:
    data = gaussians(2)
    assert accuracy(estimator(acquireLock=True).fit(data), data) >= 0.86


def test_one_locked_worker_with_a_seed_is_reproducible(gaussians: Callable[..., DataFrame]) -> None:
    data = gaussians(2, partitions=1)

    def weights(seed: int) -> list[np.ndarray]:
        return estimator(mode="locked", partitions=1, iters=3, seed=seed).fit(data).get_weights()

    first, again, other = weights(5), weights(5), weights(6)
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert not all(np.array_equal(a, b) for a, b in zip(first, other, strict=True))


def test_one_worker_equals_plain_tensorflow(spark: SparkSession) -> None:
    """Full-batch gradient descent on a line, against the same arithmetic written down by hand."""
    x = np.linspace(-1, 1, 40)
    y = 3 * x + 0.5
    data = spark.createDataFrame(
        [(float(a), Vectors.dense(b)) for a, b in zip(y, x, strict=True)], ["label", "features"]
    )
    model = estimator(
        tensorflowGraph=graphs.linear(),
        tfOutput="pred:0",
        tfOptimizer="gradient_descent",
        tfLearningRate=0.3,
        iters=5,
        miniBatchSize=-1,
        partitions=1,
    ).fit(data)
    w = b = 0.0
    for _ in range(5):
        error = w * x + b - y
        w, b = w - 0.3 * 2 * np.mean(error * x), b - 0.3 * 2 * np.mean(error)
    got_w, got_b = model.get_weights()
    np.testing.assert_allclose([got_w.item(), got_b.item()], [w, b], rtol=1e-5)


def test_warm_start_goes_on_from_the_weights(gaussians: Callable[..., DataFrame]) -> None:
    data = gaussians(2)
    first = estimator(iters=30).fit(data)
    losses: list[float] = []
    again = estimator(
        iters=1,
        tfLearningRate=1e-6,
        initialWeights=first,
        loss_callback=lambda loss, i, p: losses.append(loss),
    ).fit(data)
    for a, b in zip(first.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-4)
    assert max(losses) < 0.12


@oldest_only
def test_warm_start_from_arrays(gaussians: Callable[..., DataFrame]) -> None:
    data = gaussians(2)
    first = estimator(iters=30).fit(data)
    again = estimator(iters=1, tfLearningRate=1e-6, initialWeights=first.get_weights()).fit(data)
    for a, b in zip(first.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-4)


def test_loss_callback_hears_every_iteration_of_every_partition(
    gaussians: Callable[..., DataFrame],
) -> None:
    heard: list[tuple[float, int, int]] = []
    estimator(iters=4, loss_callback=lambda *event: heard.append(event)).fit(gaussians(2))
    assert sorted((i, p) for _, i, p in heard) == [(i, p) for i in range(4) for p in range(2)]
    assert all(0 < loss < 1 for loss, _, _ in heard)


def test_loss_callback_error_ends_the_fit_and_is_raised(
    gaussians: Callable[..., DataFrame],
) -> None:
    def broken(loss: float, iteration: int, partition: int) -> None:
        raise KeyError("my own mistake")

    data = gaussians(2)
    with pytest.raises(Exception, match="my own mistake"):
        estimator(loss_callback=broken, iters=5000).fit(data)
    assert accuracy(estimator().fit(data), data) >= 0.86


def test_verbose_prints_progress(
    gaussians: Callable[..., DataFrame], capsys: pytest.CaptureFixture[str]
) -> None:
    estimator(iters=3, verbose=1).fit(gaussians(2))
    out = capsys.readouterr().out
    assert "iteration" in out and "loss" in out and "samples/s" in out and "staleness" in out


def test_partition_shuffles_train_again(gaussians: Callable[..., DataFrame]) -> None:
    heard: list[int] = []
    data = gaussians(2)
    model = estimator(iters=10, partitionShuffles=2, loss_callback=lambda loss, i, p: heard.append(i)).fit(
        data
    )
    assert sorted(set(heard)) == list(range(20))
    assert accuracy(model, data) >= 0.86


@pytest.mark.parametrize("changes", first_everywhere([{"miniStochasticIters": 5}, {"miniBatchSize": -1}]))
def test_kinds_of_batches(gaussians: Callable[..., DataFrame], changes: dict[str, int]) -> None:
    data = gaussians(2)
    assert accuracy(estimator(iters=60, **changes).fit(data), data) >= 0.86


def test_empty_and_one_row_partitions(gaussians: Callable[..., DataFrame]) -> None:
    data = uneven(gaussians(2, rows=60), 1, 0, 29, 30)
    assert [len(p) for p in data.rdd.glom().collect()] == [1, 0, 29, 30]
    heard: set[int] = set()
    model = estimator(partitions=5, iters=40, loss_callback=lambda loss, i, p: heard.add(p)).fit(data)
    assert heard == {0, 2, 3}
    assert accuracy(model, data) >= 0.8


def test_unsupervised(spark: SparkSession) -> None:
    random = np.random.default_rng(1)
    rows = [(Vectors.dense(np.repeat(random.random(2), 5)),) for _ in range(200)]
    data = spark.createDataFrame(rows, ["features"])
    losses: list[float] = []
    model = SparkAsyncDL(
        inputCol="features",
        tensorflowGraph=graphs.autoencoder(),
        tfInput="x:0",
        tfOutput="out/Sigmoid:0",
        tfLearningRate=0.02,
        iters=40,
        miniBatchSize=20,
        partitions=2,
        loss_callback=lambda loss, i, p: losses.append(loss),
    ).fit(data)
    assert losses[-1] < losses[0] / 2
    assert len(model.transform(data).first()["predicted"]) == 3


def test_batch_norm_state_is_trained_and_kept(gaussians: Callable[..., DataFrame], tmp_path: Path) -> None:
    data = gaussians(2)
    model = estimator(tensorflowGraph=graphs.batch_norm(), iters=20).fit(data)
    mean = model.get_state()["bn/moving_mean"]
    np.testing.assert_allclose(mean, [1.0, 1.0], atol=0.35)  # half the rows at 0, half at 2
    model.save(str(tmp_path / "model"))
    loaded = SparkAsyncDLModel.load(str(tmp_path / "model"))
    np.testing.assert_array_equal(loaded.get_state()["bn/moving_mean"], mean)


def test_two_fits_at_once(gaussians: Callable[..., DataFrame]) -> None:
    from concurrent.futures import ThreadPoolExecutor

    data = gaussians(2)
    with ThreadPoolExecutor(2) as pool:
        models = list(pool.map(lambda s: estimator(seed=s).fit(data), [1, 2]))
    assert all(accuracy(model, data) >= 0.86 for model in models)


def test_nothing_is_left_after_a_fit(spark: SparkSession, gaussians: Callable[..., DataFrame]) -> None:
    estimator(iters=2).fit(gaussians(2))
    with pytest.raises(Exception, match="tfOptimizer"):
        estimator(tfOptimizer="adm").fit(gaussians(2))
    assert threads_of_fits(spark) == []


def test_the_server_listens_on_the_drivers_address_alone_and_not_after_a_failure(
    spark: SparkSession, gaussians: Callable[..., DataFrame]
) -> None:
    host = spark.conf.get("spark.driver.host")
    port = free_port(host)
    during: list[list[str]] = []

    def look(loss: float, iteration: int, partition: int) -> None:
        during.append(listening(port))
        raise ValueError("seen enough")

    with pytest.raises(ValueError, match="seen enough"):
        estimator(port=port, iters=1000, loss_callback=look).fit(gaussians(2))
    (address,) = during[0]
    assert int(address, 16) != 0, "0.0.0.0 and :: are all zeros"
    assert listening(port) == []
    assert threads_of_fits(spark) == []


def test_the_secret_stays_out_of_the_event_log(
    spark: SparkSession, gaussians: Callable[..., DataFrame], event_log: Path
) -> None:
    estimator(iters=1).fit(gaussians(2))
    text = "".join(f.read_text() for f in event_log.rglob("*") if f.is_file())
    assert "sparkflow_train" in text, "the fit's job is in the log"
    assert not re.search(r"\b[0-9a-f]{64}\b", text), "the fit's secret is 64 hexadecimal digits"
    assert "sparkflow.worker.train" not in text, "the command bytes carry it"


def test_save_and_load_in_a_pipeline(
    spark: SparkSession, gaussians: Callable[..., DataFrame], tmp_path: Path
) -> None:
    data = gaussians(2)
    pipeline = Pipeline(stages=[estimator()])
    pipeline.write().overwrite().save(str(tmp_path / "estimator"))
    fitted = Pipeline.load(str(tmp_path / "estimator")).fit(data)
    fitted.write().overwrite().save(str(tmp_path / "model"))
    loaded = PipelineModel.load(str(tmp_path / "model"))
    assert isinstance(loaded.stages[0], SparkAsyncDLModel)
    before = [r["predicted"] for r in fitted.transform(data).collect()]
    after = [r["predicted"] for r in loaded.transform(data).collect()]
    assert before == after
    assert not [p for p in (tmp_path / "model").rglob("*") if p.suffix in {".pkl", ".pickle"}]
    # Scala reads what Python wrote: the JVM's own loaders, with no Python class in between.
    scala = spark._jvm.org.apache.spark.ml
    for kind, name in ((scala.PipelineModel, "SparkAsyncDLModel"), (scala.Pipeline, "SparkAsyncDL")):
        loaded = kind.load(str(tmp_path / ("model" if name.endswith("Model") else "estimator")))
        stages = loaded.stages() if name.endswith("Model") else loaded.getStages()
        assert stages[0].getClass().getName() == f"sparkflow.ml.{name}"


def test_cross_validation_copies_params(gaussians: Callable[..., DataFrame]) -> None:
    from pyspark.ml.evaluation import RegressionEvaluator
    from pyspark.ml.tuning import ParamGridBuilder, TrainValidationSplit

    net = estimator(iters=15)
    grid = ParamGridBuilder().addGrid(net.tfLearningRate, [1e-7, 0.05]).build()
    evaluator = RegressionEvaluator(labelCol="label", predictionCol="predicted")
    best = TrainValidationSplit(estimator=net, estimatorParamMaps=grid, evaluator=evaluator, seed=1).fit(
        gaussians(2)
    )
    assert best.validationMetrics[1] < best.validationMetrics[0]


@oldest_only
def test_rows_beyond_the_spill_limit_train_as_those_in_memory(gaussians: Callable[..., DataFrame]) -> None:
    data = gaussians(2, partitions=1)
    fits = [
        estimator(iters=3, partitions=1, seed=5, mode="locked", spillLimit=limit).fit(data)
        for limit in (-1, 1)
    ]
    for kept, spilled in zip(*(model.get_weights() for model in fits), strict=True):
        np.testing.assert_array_equal(kept, spilled)


def test_a_spill_directory_that_is_missing_is_named(gaussians: Callable[..., DataFrame]) -> None:
    with pytest.raises(Exception, match="'/no/such/place'.*spillDir"):
        estimator(iters=1, spillLimit=1, spillDir="/no/such/place").fit(gaussians(2))
