"""Hamilton with its cache: functions wired by the names of their parameters, asked by a driver."""

HEAD = """\
import polars as pl

from work import first, then


def s00(start: int) -> {kind}:
    return first(start)
"""

STEP = """

def s{n:02}(s{before:02}: {kind}) -> {kind}:
    return then(s{before:02}, {n})
"""

PROGRAM = """\
from hamilton import driver

import steps


def run(start, count):
    graph = driver.Builder().with_modules(steps).with_cache(path="kept").build()
    last = f"s{count - 1:02}"
    return graph.execute([last], inputs={"start": start})[last]
"""


def files(count: int, kind: str) -> dict[str, str]:
    """The user's own files."""
    told = "".join(STEP.format(n=n, before=n - 1, kind=kind) for n in range(1, count))
    return {"steps.py": HEAD.format(kind=kind) + told, "pipeline.py": PROGRAM}


SETTINGS = {"HAMILTON_TELEMETRY_ENABLED": "false"}
