"""The public names, and what importing them costs."""

import subprocess
import sys

import pytest

import fullcycle as fc

HEAVY = ("polars", "numpy", "duckdb", "scipy", "lightgbm", "click", "rich")

NAMES = [
    "Bandit",
    "Capability",
    "Draw",
    "Each",
    "Experiment",
    "File",
    "FullcycleError",
    "Lookup",
    "Metric",
    "Model",
    "Pickled",
    "Picture",
    "Query",
    "Row",
    "Run",
    "Secret",
    "Source",
    "Split",
    "Variable",
    "Warehouse",
    "asof",
    "at_least",
    "between",
    "codec",
    "decisions",
    "dot",
    "events",
    "features",
    "key",
    "length",
    "linucb",
    "matching",
    "mean",
    "model",
    "open",
    "outcomes",
    "personal",
    "proportion",
    "quantile",
    "ratio",
    "service",
    "source",
    "split",
    "step",
    "testing",
    "thompson",
    "time",
    "trailing",
]

SERVING = """
import sys
from typing import Annotated, Literal
import fullcycle as fc
class Client(fc.Row):
    client_id: Annotated[int, fc.key]
    history: Annotated[float, fc.at_least(0)]
class Traits(fc.Row):
    log_history: float
    campaign: Literal["a", "b"]
@fc.features
def traits(client: Client, campaign: Literal["a", "b"]) -> Traits:
    return Traits(fc.dot([client.history], [2.0]), campaign)
from fullcycle.data import decode
assert traits.encode(traits(decode(Client, b'{"client_id": 1, "history": 3}'), "b")) == [6.0, 1.0]
fc.testing.row(Client)
"""


def test_the_public_names_are_these():
    assert fc.__all__ == sorted(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_every_public_name_is_there_and_documented(name):
    value = getattr(fc, name)

    assert value is getattr(fc, name)
    assert value.__doc__


def test_a_name_that_is_not_there_is_an_attribute_error():
    with pytest.raises(AttributeError, match="has no attribute 'feature_store'"):
        fc.feature_store


@pytest.mark.parametrize("program", ["import sys, fullcycle", SERVING], ids=["import", "serving"])
def test_importing_and_serving_bring_no_table_or_model_library(program):
    check = f"{program}\nprint([m for m in {HEAVY!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=False)

    assert (done.stdout.strip(), done.stderr) == ("[]", "")


def test_importing_costs_a_fraction_of_importing_tables_and_warehouse():
    def seconds(program: str) -> float:
        timed = f"import time\n{program}\nprint(time.process_time())"
        runs = [subprocess.check_output([sys.executable, "-c", timed], text=True) for _ in range(3)]
        return min(map(float, runs))

    bare = seconds("pass")
    assert seconds("import fullcycle") - bare < (seconds("import polars, duckdb") - bare) / 3
