"""The command line of dev/chaos: random faults against fits, for a while, and one table of what became of
them."""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from statistics import median

from faults import inject
from faults.cluster import Cluster
from faults.training import Training
from processes import free_port

ITERS = 150
WORKER_TIMEOUT = 5  # seconds
MODES = ("hogwild", "locked", "ssp", "sync")
FAULTS: dict[str, inject.Fault] = {
    "worker killed": inject.kill,
    "executor killed": inject.kill_executor,
    "connection cut": inject.cut,
    "connection reset": inject.reset,
    "worker stopped": inject.stop,
    "worker stalled 2 s": inject.stall(2),
    "worker stalled 20 s": inject.stall(20),
}


@dataclass
class Outcome:
    """Of all fits with one fault."""

    injected: int = 0
    fits: int = 0
    survived: int = 0
    lost: int = 0
    doubled: int = 0
    seconds: list[float] = field(default_factory=list)  # to recover

    def row(self, name: str) -> str:
        recovered = f"{median(self.seconds):.1f} ({max(self.seconds):.1f})" if self.seconds else "-"
        survived = f"{self.survived} of {self.fits}"
        return f"{name:<21}{self.injected:>9}{survived:>13}{self.lost:>6}{self.doubled:>9}  {recovered}"


class Strikes:
    """A loss callback: the same fault once or twice in one fit, a little after the end of an iteration."""

    def __init__(self, draw: random.Random, port: int, fault: inject.Fault, shared: bool) -> None:
        moments = sorted(draw.sample(range(2, ITERS - 10), draw.randint(1, 2)))
        self._strikes = [inject.At(moment, port, fault, shared) for moment in moments]
        self._delay = draw.uniform(0, 0.05)
        self._heard: dict[int, list[float]] = {}
        self._struck: list[float] = []

    def __call__(self, loss: float, iteration: int, partition: int) -> None:
        self._heard.setdefault(partition, []).append(time.monotonic())
        for strike in self._strikes:
            before = strike.struck
            if not before and iteration >= strike.iteration:
                time.sleep(self._delay)  # no synchronisation: the workers go on, to wherever they get
                strike(loss, iteration, partition)
                if strike.struck:
                    self._struck.append(time.monotonic())
                return

    @property
    def injected(self) -> int:
        return len(self._struck)

    def seconds(self) -> list[float]:
        """For each strike, the longest time from then on for which a partition made no news."""
        return [max(_silence(heard, at) for heard in self._heard.values()) for at in self._struck]


def _silence(heard: list[float], at: float) -> float:
    # Reports that were on their way come after the strike.
    return max((end - max(begin, at) for begin, end in pairwise(heard) if end > at), default=0.0)


def main() -> int:
    """Return 1 if a gradient was lost or doubled, or a fit did not end right."""
    options = parser().parse_args()
    draw = random.Random(options.seed)
    outcomes = {name: Outcome() for name in options.only or FAULTS}
    print(f"seed {options.seed}", flush=True)
    with tempfile.TemporaryDirectory() as folder, Cluster(Path(folder)) as cluster:
        spark = cluster.session()
        spark.sparkContext.setLogLevel("OFF")
        training = Training(spark, ITERS)
        end = time.monotonic() + 60 * options.minutes
        while time.monotonic() < end:
            name, mode = draw.choice(list(outcomes)), draw.choice(MODES)
            attempt(training, draw, name, mode, outcomes[name])
        spark.stop()
    print(
        f"\n{'fault':<21}{'injected':>9}{'survived':>12}{'lost':>9}{'doubled':>9}  seconds to recover (most)"
    )
    print("\n".join(outcome.row(name) for name, outcome in outcomes.items()))
    return int(any(o.survived < o.fits or o.lost or o.doubled for o in outcomes.values()))


def attempt(training: Training, draw: random.Random, name: str, mode: str, outcome: Outcome) -> None:
    port = free_port()
    transport = draw.choice(["tcp", "shm"])
    strikes = Strikes(draw, port, FAULTS[name], shared=transport == "shm")
    outcome.fits += 1
    said = "survived"
    try:
        model = training.fit(
            mode, port=port, loss_callback=strikes, workerTimeout=WORKER_TIMEOUT, transport=transport
        )
        excess = training.excess(model)
        outcome.lost += sum(max(0, -more) for more in excess)
        outcome.doubled += sum(max(0, more) for more in excess)
        training.check(model)
        outcome.survived += 1
        outcome.seconds += strikes.seconds()
    except Exception as error:  # noqa: BLE001 - whatever it is, it is told, and the next fit is tried
        said = f"FAILED: {type(error).__name__}: {error}"
    outcome.injected += strikes.injected
    print(f"{mode:<8} {name}, {strikes.injected} times: {said}", flush=True)


def parser() -> argparse.ArgumentParser:
    options = argparse.ArgumentParser(
        prog="dev/chaos",
        description="Injects random faults into fits on a cluster of real processes on this machine.",
    )
    options.add_argument("--minutes", metavar="N", type=float, default=10, help="how long (default: 10)")
    options.add_argument(
        "--only", metavar="FAULT", action="append", choices=FAULTS, help=f"repeatable: {', '.join(FAULTS)}"
    )
    options.add_argument(
        "--seed", type=int, default=random.randrange(1 << 31), help="of the choice of faults"
    )
    return options


if __name__ == "__main__":
    sys.exit(main())
