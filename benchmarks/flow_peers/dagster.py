"""Dagster: assets wired by the names of their parameters, materialised in one process."""

HEAD = """\
import polars as pl
from dagster import asset

from work import first, then

START = 1


@asset
def s00():
    return first(START)
"""

STEP = """

@asset
def s{n:02}(s{before:02}):
    return then(s{before:02}, {n})
"""

PROGRAM = """\
from dagster import DagsterInstance, materialize

import steps


def run(start, count):
    steps.START = start
    assets = [getattr(steps, f"s{n:02}") for n in range(count)]
    with DagsterInstance.get() as instance:
        result = materialize(assets, instance=instance)
        return result.asset_value(f"s{count - 1:02}")
"""


def files(count: int, kind: str) -> dict[str, str]:
    """The user's own files."""
    told = "".join(STEP.format(n=n, before=n - 1) for n in range(1, count))
    return {
        "steps.py": HEAD + told,
        "pipeline.py": PROGRAM,
        "dagster/dagster.yaml": "telemetry:\n  enabled: false\npython_logs:\n  python_log_level: ERROR\n",
    }


SETTINGS = {"DAGSTER_HOME": "{here}/dagster", "DAGSTER_DISABLE_TELEMETRY": "true"}
