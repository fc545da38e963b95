"""Metaflow: a class of steps, each run in a process of its own; a run is resumed by a command."""

HEAD = """\
import json
import sys

import polars as pl
from metaflow import FlowSpec, Parameter, step

from work import first, plainly, then


class Chain(FlowSpec):
    begin = Parameter("begin", default=1)

    @step
    def start(self):
        self.value = first(self.begin)
        self.next(self.s01)
"""

STEP = """
    @step
    def s{n:02}(self):
        self.value = then(self.value, {n})
        self.next(self.{after})
"""

TAIL = """
    @step
    def end(self):
        self.total = plainly(self.value)


if __name__ == "__main__":
    Chain()
"""


def files(count: int, kind: str) -> dict[str, str]:
    """The user's own files; ``start`` is the first of the steps, ``end`` beyond the last."""
    afters = [*(f"s{n:02}" for n in range(2, count)), "end"]
    told = "".join(STEP.format(n=n, after=after) for n, after in enumerate(afters, start=1))
    return {"pipeline.py": HEAD + told + TAIL}


SETTINGS = {
    "METAFLOW_USER": "bench",
    "METAFLOW_DATASTORE_SYSROOT_LOCAL": "{here}",
    "METAFLOW_DEFAULT_DATASTORE": "local",
    "METAFLOW_DEFAULT_METADATA": "local",
    "METAFLOW_PROFILE": "",
}
