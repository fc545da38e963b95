"""Warehouses as ``fullcycle.toml`` binds them: opened to be read, and the URL to write by."""

import os

from fullcycle.data import Warehouse
from fullcycle.kernel import Misconfigured
from fullcycle.record import masked
from fullcycle.wiring.config import NAME, WarehouseConfig
from fullcycle.wiring.project import Project

DUCKDB = "duckdb:///"
POSTGRES = ("postgresql://", "postgres://")


def opened(project: Project, url: str) -> Warehouse:
    """The warehouse at a URL that :func:`known_url` has let through."""
    if url.startswith(POSTGRES):
        from fullcycle.adapters.postgres_warehouse import PostgresWarehouse

        return PostgresWarehouse(url)
    from fullcycle.adapters.duckdb import DuckDBWarehouse  # brings DuckDB, for which not every run has a use

    return DuckDBWarehouse(project.root / url.removeprefix(DUCKDB), folders=[project.all_events])


def known_url(url: str, where: str) -> str:
    """A URL that an adapter opens; ``$NAME`` is what the environment variable of that name holds.

    Raises:
        Misconfigured: where none does, or the variable is not set.
    """
    found = from_environment(url, where) if url.startswith("$") else url
    if not found.startswith((DUCKDB, *POSTGRES)):
        raise Misconfigured(
            f"no adapter opens the warehouse {masked(found)!r}",
            where,
            f'write "{DUCKDB}path/from/the/project.duckdb" or "postgresql://host/database"',
        )
    return found


def writer_of(project: Project, environment: str, name: str) -> str | None:
    """The URL by which a warehouse may be written; None where it may not.

    Raises:
        Misconfigured: where no adapter opens it, or its variable is not set.
    """
    bound = project.environment(environment).warehouses.get(name)
    if not isinstance(bound, WarehouseConfig) or not bound.writer:
        return None
    return known_url(bound.writer, f"[environments.{environment}] warehouses.{name}.writer of {NAME}")


def from_environment(name: str, where: str) -> str:
    """What the environment variable ``$NAME`` holds.

    Raises:
        Misconfigured: where it is not set.
    """
    found = os.environ.get(name[1:])
    if not found:
        raise Misconfigured(f"the environment variable {name[1:]} is not set", where, f"export {name[1:]}=…")
    return found
