"""Arms that are kept, in PostgreSQL: for the workers of several machines."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial

import psycopg

from fullcycle.adapters.pool import Pool
from fullcycle.adapters.postgres_errors import said, shown
from fullcycle.kernel import Misconfigured
from fullcycle.record import masked

_PATIENCE = 2  # seconds: a request waits meanwhile
_TABLE = """
    create table if not exists sticky (
        environment text not null,
        attribute text not null,
        value text not null,
        bucket text not null,
        arm text not null,
        primary key (environment, attribute, value, bucket)
    )
"""
_MAKING = 7_020_711  # one of several who open it at once makes the table
_FIND = (
    "select bucket, arm from sticky where environment = %s and attribute = %s and value = %s "
    'order by bucket collate "C"'
)
_KEEP = "insert into sticky values (%s, %s, %s, %s, %s) on conflict do nothing"
_KEPT = "select arm from sticky where environment = %s and attribute = %s and value = %s and bucket = %s"
_COUNT = "select bucket, count(*) from sticky where environment = %s group by bucket order by bucket"
_FORGET = "delete from sticky where environment = %s and bucket = %s"


class PostgresStickyStore:
    """A ``StickyStore`` of one environment, in a table of its own; ``url`` is a libpq connection string."""

    def __init__(self, url: str, environment: str) -> None:
        self._url = url
        self._environment = environment
        self._pool = Pool(partial(_connected, url))

    def find(self, attribute: str, value: str) -> Mapping[str, str]:
        """The arms that a unit has, by bucket.

        Raises:
            Misconfigured: where the database does not answer, or does not allow it.
        """
        with self._connection() as connection:
            return dict(connection.execute(_FIND, (self._environment, attribute, value)).fetchall())

    def keep(self, attribute: str, value: str, bucket: str, arm: str) -> str:
        """Keep an arm, unless one is kept already; which one is kept then.

        Raises:
            Misconfigured: where the database does not answer, or does not allow it.
        """
        place = (self._environment, attribute, value, bucket)
        with self._connection() as connection:
            if connection.execute(_KEEP, (*place, arm)).rowcount:
                return arm
            kept: str = connection.execute(_KEPT, place).fetchall()[0][0]
            return kept

    def buckets(self) -> Mapping[str, int]:
        """How many units have an arm, by bucket.

        Raises:
            Misconfigured: where the database does not answer, or does not allow it.
        """
        with self._connection() as connection:
            return {bucket: int(units) for bucket, units in connection.execute(_COUNT, (self._environment,))}

    def forget(self, bucket: str) -> None:
        """Keep the arms of a bucket no longer.

        Raises:
            Misconfigured: where the database does not answer, or does not allow it.
        """
        with self._connection() as connection:
            connection.execute(_FORGET, (self._environment, bucket))

    def close(self) -> None:
        """Close every connection; they are opened again when needed."""
        self._pool.close()

    @contextmanager
    def _connection(self) -> Iterator["psycopg.Connection[tuple[str, str]]"]:
        try:
            with self._pool.connection() as connection:
                yield connection
        except psycopg.Error as error:
            self._pool.close()  # its other connections are as likely gone
            raise Misconfigured(
                f"PostgreSQL says: {said(error, self._url)}",
                f"the kept arms in {masked(self._url)}",
                "see that the server runs, and let this user read and write the table sticky",
            ) from shown(error, self._url)


def _connected(url: str) -> "psycopg.Connection[tuple[str, str]]":
    connection = psycopg.connect(
        url, autocommit=True, connect_timeout=_PATIENCE, application_name="fullcycle"
    )
    try:
        if connection.execute("select to_regclass('sticky')").fetchall() == [(None,)]:
            with connection.transaction():
                connection.execute("select pg_advisory_xact_lock(%s)", (_MAKING,))
                connection.execute(_TABLE)
    except BaseException:
        connection.close()
        raise
    return connection
