"""Arms that are kept, in an SQLite file beside the ledger: for all workers of one machine."""

import sqlite3
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from fullcycle.adapters.pool import Pool
from fullcycle.adapters.sqlite import connect, translated

_SCHEMA = {
    "sticky": """
        create table if not exists sticky (
            environment text not null,
            attribute text not null,
            value text not null,
            bucket text not null,
            arm text not null,
            primary key (environment, attribute, value, bucket)
        ) without rowid
    """
}
_FIND = "select bucket, arm from sticky where environment = ? and attribute = ? and value = ? order by bucket"
_KEEP = "insert into sticky values (?, ?, ?, ?, ?) on conflict do nothing"
_KEPT = "select arm from sticky where environment = ? and attribute = ? and value = ? and bucket = ?"
_COUNT = "select bucket, count(*) from sticky where environment = ? group by bucket order by bucket"
_FORGET = "delete from sticky where environment = ? and bucket = ?"
_ROLE = "the file of kept arms"


class SqliteStickyStore:
    """A ``StickyStore`` of one environment, in a file that is made where there is none.

    Threads and processes may share it. The file is opened when it is first asked.
    """

    def __init__(self, path: Path | str, environment: str) -> None:
        self._path = Path(path)
        self._environment = environment
        self._pool = Pool(partial(connect, self._path, _SCHEMA))

    def find(self, attribute: str, value: str) -> Mapping[str, str]:
        """The arms that a unit has, by bucket.

        Raises:
            Misconfigured, Damaged: where the file cannot be read.
        """
        try:
            with self._pool.connection() as connection:
                return dict(connection.execute(_FIND, (self._environment, attribute, value)))
        except sqlite3.Error as error:
            raise translated(error, self._path, _ROLE) from error

    def keep(self, attribute: str, value: str, bucket: str, arm: str) -> str:
        """Keep an arm, unless one is kept already; which one is kept then.

        Raises:
            Misconfigured, Damaged: where the file cannot be written.
        """
        place = (self._environment, attribute, value, bucket)
        try:
            with self._pool.connection() as connection:
                if connection.execute(_KEEP, (*place, arm)).rowcount:
                    return arm
                kept: str = connection.execute(_KEPT, place).fetchone()[0]
                return kept
        except sqlite3.Error as error:
            raise translated(error, self._path, _ROLE) from error

    def buckets(self) -> Mapping[str, int]:
        """How many units have an arm, by bucket; none, and no file is made, where there is none.

        Raises:
            Misconfigured, Damaged: where the file cannot be read.
        """
        if not self._path.exists():
            return {}
        try:
            with self._pool.connection() as connection:
                return dict(connection.execute(_COUNT, (self._environment,)))
        except sqlite3.Error as error:
            raise translated(error, self._path, _ROLE) from error

    def forget(self, bucket: str) -> None:
        """Keep the arms of a bucket no longer.

        Raises:
            Misconfigured, Damaged: where the file cannot be written.
        """
        try:
            with self._pool.connection() as connection:
                connection.execute(_FORGET, (self._environment, bucket))
        except sqlite3.Error as error:
            raise translated(error, self._path, _ROLE) from error

    def close(self) -> None:
        """Close every connection; they are opened again when needed."""
        self._pool.close()
