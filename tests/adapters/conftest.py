"""What the contract suites of adapters share: a running PostgreSQL."""

from collections.abc import Iterator

import pytest

from postgres_server import running_postgres


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The connection string of a server that runs for the whole session."""
    with running_postgres() as url:
        yield url
