"""Prefect: tasks whose results are kept by inputs and source, on the server that it starts itself."""

HEAD = """\
import polars as pl
from prefect import flow, task
from prefect.cache_policies import INPUTS, TASK_SOURCE

from work import first, then


@task(persist_result=True, cache_policy=INPUTS + TASK_SOURCE)
def s00(start):
    return first(start)
"""

STEP = """

@task(persist_result=True, cache_policy=INPUTS + TASK_SOURCE)
def s{n:02}(s{before:02}):
    return then(s{before:02}, {n})
"""

TAIL = """

@flow
def whole(start: int, count: int):
    value = s00(start)
    for n in range(1, count):
        value = globals()[f"s{n:02}"](value)
    return value
"""

PROGRAM = """\
import steps


def run(start, count):
    return steps.whole(start, count)
"""


def files(count: int, kind: str) -> dict[str, str]:
    """The user's own files."""
    told = "".join(STEP.format(n=n, before=n - 1) for n in range(1, count))
    return {"steps.py": HEAD + told + TAIL, "pipeline.py": PROGRAM}


SETTINGS = {
    "PREFECT_HOME": "{here}/prefect",
    "PREFECT_LOCAL_STORAGE_PATH": "{here}/kept",
    "PREFECT_RESULTS_LOCAL_STORAGE_PATH": "{here}/kept",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_SERVER_EPHEMERAL_ENABLED": "true",
    "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120",
    "PREFECT_LOGGING_LEVEL": "ERROR",
    "PREFECT_CLI_PROMPT": "false",
}
