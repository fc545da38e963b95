"""joblib.Memory: each step is a cached function, called by the next one's caller."""

HEAD = """\
import polars as pl
from joblib import Memory

from work import first, then

memory = Memory("kept", verbose=0)


@memory.cache
def s00(start):
    return first(start)
"""

STEP = """

@memory.cache
def s{n:02}(s{before:02}):
    return then(s{before:02}, {n})
"""

PROGRAM = """\
import steps


def run(start, count):
    value = steps.s00(start)
    for n in range(1, count):
        value = getattr(steps, f"s{n:02}")(value)
    return value
"""


def files(count: int, kind: str) -> dict[str, str]:
    """The user's own files."""
    told = "".join(STEP.format(n=n, before=n - 1) for n in range(1, count))
    return {"steps.py": HEAD + told, "pipeline.py": PROGRAM}
