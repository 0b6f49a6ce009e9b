"""What the driver tells a worker: plain data from JSON."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import sparkflow
from sparkflow.backend.feed import Fed, sample_weights


@dataclass(frozen=True)
class TrainSpec:
    """One round of training. Fields mean what the params of the same name mean; see README.

    Attributes
    ----------
    host, port, secret
        The parameter server's address and the fit's secret (32 bytes, never shown).
    certificate : bytes, optional
        The server's X.509 certificate, DER; None where the wire is not encrypted.
    round : int
        0-based round of partitionShuffles.
    graph : str
        MetaGraphDef as JSON text.
    inputs, labels : tuple of Fed
        Without labels, training is unsupervised.
    seed : int
        Always present: the driver draws one when the user gave none.
    threads : int
        Threads of the TensorFlow session.
    worker_timeout : int
        Seconds after which the server takes a silent worker for lost.
    transport : str
        "auto", "tcp" or "shm".
    local_steps : int
        Mini-batches between two pushes, each a step of the session's own optimizer.
    accumulation : int
        Mini-batches between two pushes, whose gradients are averaged.
    clip : dict
        Arguments of `sparkflow.backend.clipping.Clip`.
    weight_column : bool
        Whether there is a column of sample weights.
    class_weights : dict
        By class, by how much to multiply the weight of its rows; empty if no class has one.
    metrics : dict
        Tensors, by name, to compute of rows that are held out, for a graph that does not say so itself.
    transform : str, optional
        "module.function" to call with each mini-batch.
    two_classes : bool
        Whether the first label says one of two classes, 0 and 1, or how likely class 1 is.
    compression : str
        "none", "bf16", "int8" or "topk".
    sparse_tables : bool
        Whether variables that are read by rows alone travel so.
    segment : int
        Updates between two at which a resumed fit may begin, and after which all workers merge their state
        and draw from other seeds; 0 for none.
    optimizer : (str, dict)
        Name and all options, as TensorFlow's constructor takes them; for local steps.
    spill_limit : int, optional
        Bytes of rows; None for no limit.
    spill_dir : str, optional
        None for Spark's local directory of the worker.
    validation : bool
        Whether rows are held out: those for which the column `validation` is true.
    dropout : float
        What tf_dropout is fed with for these.
    tf_output, tf_dropout : str, optional
        Else only checked, so that what transform could not do is found before the training, not after it.
    """

    host: str
    port: int
    secret: bytes = field(repr=False)
    certificate: bytes | None = field(repr=False)
    round: int
    graph: str = field(repr=False)
    inputs: tuple[Fed, ...]
    labels: tuple[Fed, ...]
    regularization_losses: bool
    iters: int
    mini_batch_size: int
    mini_stochastic_iters: int
    shuffle_per_iter: bool
    seed: int
    threads: int
    worker_timeout: int
    transport: str
    local_steps: int
    compression: str
    sparse_tables: bool
    segment: int
    optimizer: tuple[str, dict[str, float | bool]]
    spill_limit: int | None = None
    spill_dir: str | None = None
    tf_outputs: tuple[str, ...] = ()
    tf_dropout: str | None = None
    tf_sample_weight: str | None = None
    validation: bool = False
    dropout: float = 0.0
    accumulation: int = 1
    clip: dict[str, float] = field(default_factory=dict)
    weight_column: bool = False
    class_weights: dict[int, float] = field(default_factory=dict)
    metrics: dict[str, str] = field(default_factory=dict)
    transform: str | None = None
    two_classes: bool = False

    @property
    def per_push(self) -> int:
        """Mini-batches between two pushes."""
        return max(self.local_steps, self.accumulation)

    @property
    def server(self) -> tuple[str, int, bytes, bytes | None]:
        """What `ParameterClient.connect` takes."""
        return self.host, self.port, self.secret, self.certificate

    @property
    def columns(self) -> list[Fed]:
        """The columns that the driver sends, in their order; the flag of validation comes after them."""
        return [fed for fed in self.fed if fed.name != "weight" or self.weight_column]

    @property
    def fed(self) -> list[Fed]:
        """The columns that the model takes."""
        return [*self.inputs, *self.labels, *sample_weights(self.tf_sample_weight)]

    @classmethod
    def from_json(cls, text: str) -> TrainSpec:
        """Read it; raises ValueError if driver and worker have different versions of sparkflow."""
        spec = _parse(text)
        server = spec["server"]
        return cls(
            host=server["host"],
            port=server["port"],
            secret=bytes.fromhex(server["secret"]),
            certificate=None if server["certificate"] is None else bytes.fromhex(server["certificate"]),
            round=spec["round"],
            graph=spec["graph"],
            inputs=_feds(spec["inputs"]),
            labels=_feds(spec["labels"]),
            regularization_losses=spec["regularizationLosses"],
            iters=spec["iters"],
            mini_batch_size=spec["miniBatchSize"],
            mini_stochastic_iters=spec["miniStochasticIters"],
            shuffle_per_iter=spec["shufflePerIter"],
            seed=spec["seed"],
            threads=spec["threads"],
            worker_timeout=spec["workerTimeout"],
            transport=spec["transport"],
            local_steps=spec["localSteps"],
            compression=spec["compression"],
            sparse_tables=spec["sparseTables"],
            segment=spec["segment"],
            optimizer=(spec["optimizer"]["name"], spec["optimizer"]["options"]),
            spill_limit=spec.get("spillLimit"),
            spill_dir=spec.get("spillDir"),
            tf_outputs=tuple(spec["tfOutputs"]),
            tf_dropout=spec.get("tfDropout"),
            tf_sample_weight=spec["tfSampleWeight"],
            validation=spec["validation"],
            dropout=spec["dropout"],
            accumulation=spec["gradient"]["accumulation"],
            clip=spec["gradient"]["clip"],
            weight_column=spec["weightColumn"],
            class_weights={int(number): weight for number, weight in spec["classWeights"].items()},
            metrics=spec["tfMetrics"],
            transform=spec["transformFn"],
            two_classes=spec["twoClasses"],
        )


@dataclass(frozen=True)
class PredictSpec:
    """A prediction.

    Attributes
    ----------
    broadcast : int
        Id of the Spark broadcast variable whose value is the model, see `sparkflow.worker.blob`.
    fingerprint : str
        SHA-256 of the model, hexadecimal.
    dropout : float
        What tfDropout is fed with.
    batch : int
        Rows through the graph at once.
    outputs : tuple of str
        Tensors.
    vectors : tuple of bool
        Whether a row's output is a vector; else it is one double.
    output_param : str
        Who named the outputs, for messages.
    """

    broadcast: int = field(compare=False)
    fingerprint: str
    inputs: tuple[Fed, ...]
    outputs: tuple[str, ...]
    vectors: tuple[bool, ...]
    output_param: str
    tf_dropout: str | None
    dropout: float
    batch: int
    threads: int

    @classmethod
    def from_json(cls, text: str) -> PredictSpec:
        """Read it; raises ValueError if driver and worker have different versions of sparkflow."""
        spec = _parse(text)
        return cls(
            broadcast=spec["broadcast"],
            fingerprint=spec["fingerprint"],
            inputs=_feds(spec["inputs"]),
            outputs=tuple(output["tensor"] for output in spec["outputs"]),
            vectors=tuple(output["vector"] for output in spec["outputs"]),
            output_param=spec["outputParam"],
            tf_dropout=spec["tfDropout"],
            dropout=1.0 if spec["toKeepDropout"] else 0.0,
            batch=spec["inferenceBatchSize"],
            threads=spec["threads"],
        )


def _feds(items: list[dict[str, str]]) -> tuple[Fed, ...]:
    return tuple(Fed(**item) for item in items)


def _parse(text: str) -> Any:
    spec = json.loads(text)
    version = spec.get("version")
    if version != sparkflow.__version__:
        raise ValueError(
            f"the driver's sparkflow jar is version {version}, but the Python package in the worker is "
            f"{sparkflow.__version__} ({sparkflow.__file__}): update one of them so that both are the same"
        )
    return spec
