"""What README says of the params agrees with the params."""

import re
from pathlib import Path

from pyspark.ml.param import Param

from sparkflow.ml import SparkAsyncDL

README = (Path(__file__).parents[3] / "README.md").read_text()
PARAMS = README.split("## Params")[1].split("\n## ")[0]


def test_every_param_has_a_line_and_no_line_is_of_none() -> None:
    rows = re.findall(r"^\| `(\w+)` \|", PARAMS, re.M)
    params = [n for n in dir(SparkAsyncDL) if isinstance(getattr(SparkAsyncDL, n), Param)]
    assert sorted(rows) == sorted(params)


def test_the_optimizers_are_all_there() -> None:
    doc = SparkAsyncDL.tfOptimizer.doc  # of which Scala's tests say that it has all
    named = set(re.findall(r"[a-z_]+", doc.split(":")[1])) - {"or", "of", "ensor", "low", "eras"}
    assert {"adam", "lamb"} < named
    line = re.search(r"^\| `tfOptimizer` .*$", PARAMS, re.M)
    assert line is not None
    missing = [name for name in named if f"`{name}`" not in line.group()]
    assert not missing
