"""A real server process over a record on disk: ``python served_process.py FOLDER PORT``."""

import json
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from fullcycle.adapters.files import FileObjects
from fullcycle.adapters.lightgbm_native import native_booster_codec
from fullcycle.adapters.segment_writer import SegmentWriter
from fullcycle.adapters.sqlite import SqliteLedger
from fullcycle.adapters.uvicorn import serve_http
from fullcycle.record import Codecs
from fullcycle.serve import LedgerDeployments, Stager, service_app
from fullcycle.serve.express import Express

HEAVY = ("polars", "numpy", "duckdb", "scipy", "lightgbm", "sklearn", "pandas")


class Connection:
    """One HTTP connection that stays open."""

    def __init__(self, port: int, timeout: float = 10) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=timeout)
        self._reader = self._socket.makefile("rb")
        self.closes = False  # whether the last answer said so

    def ask(self, method: str, path: str, body: bytes = b"", *lines: str) -> tuple[int, Any]:
        """Send one request, read one answer; ConnectionError where the server hung up."""
        head = [
            f"{method} {path} HTTP/1.1",
            "Host: 127.0.0.1",
            f"Content-Length: {len(body)}",
            *lines,
            "",
            "",
        ]
        self.send("\r\n".join(head).encode() + body)
        return self.read()

    def ask_and_see(self, method: str, path: str, body: bytes = b"") -> tuple[int, Any, bool]:
        """The same, and whether the server closes the connection."""
        status, answer = self.ask(method, path, body)
        return status, answer, self.closes

    def send(self, data: bytes) -> None:
        self._socket.sendall(data)

    def read(self) -> tuple[int, Any]:
        status = self._reader.readline().split()
        if len(status) < 2:
            raise ConnectionError("the server hung up")
        length, self.closes = 0, False
        while line := self._reader.readline().strip():
            name, _, value = line.partition(b":")
            length = int(value) if name.lower() == b"content-length" else length
            self.closes |= name.lower() == b"connection" and value.strip().lower() == b"close"
        text = self._reader.read(length)
        if len(text) < length:
            raise ConnectionError("the server hung up")
        return int(status[1]), json.loads(text) if text.startswith(b"{") else text

    def __enter__(self) -> "Connection":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._reader.close()
        self._socket.close()


@contextmanager
def serving(folder: Path, port: int = 0) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """Start a server and wait for its line; it is killed at the end if it still runs."""
    process = subprocess.Popen(
        [sys.executable, __file__, str(folder), str(port)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line:
            raise RuntimeError(process.communicate()[1])
        yield process, int(line.rsplit(":", 1)[1])
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
        process.communicate()


def stager(folder: Path) -> Stager:
    codecs = Codecs()
    codecs.register(native_booster_codec())
    return Stager(
        FileObjects(folder / "artifacts"),
        codecs,
        SegmentWriter(folder / "events"),
        "prod",
        lambda line: print(line, file=sys.stderr, flush=True),
    )


def main(folder: Path, port: int) -> None:
    ledger = SqliteLedger(folder / "ledger.db")
    app = service_app(stager(folder), LedgerDeployments(ledger, "winback", "prod"), capability="winback")
    express = Express(app.desk, begin=lambda: None, end=lambda: None)
    serve_http(app, port=port, ready=lambda url: print(url, flush=True), express=express)
    print(json.dumps([name for name in HEAVY if name in sys.modules]), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
