"""What the contract suites of adapters share: a running PostgreSQL."""

import os
from collections.abc import Iterator

import pytest

from postgres_server import find_binaries, running_postgres


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The connection string of a server that runs for the whole session."""
    if find_binaries() is None and "CI" not in os.environ:
        pytest.skip("PostgreSQL is not installed: apt-get install postgresql")
    with running_postgres() as url:
        yield url
