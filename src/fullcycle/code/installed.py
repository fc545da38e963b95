"""Installed distributions: their versions, and which of them an import comes from.

Read from the ``*.dist-info`` folders directly: ``importlib.metadata`` parses every
``METADATA`` and ``RECORD`` in full, which takes a hundred times as long. Read once per
process: what is imported stays what it was, whatever is installed meanwhile.
"""

import os
import re
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_HEAD = 4096  # bytes: name and version come first in METADATA
_EXTENSION = re.compile(rb"\n[\w.-]+\.(so|pyd),")
_FIELD = re.compile(rb"^(Name|Version):[ \t]*(.*?)[ \t\r]*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class _Distribution:
    name: str  # normalised: lower case, runs of - _ . as one -
    version: str
    folder: Path  # *.dist-info or *.egg-info


def lock() -> dict[str, str]:
    """The distributions that this interpreter imports from: normalised name → version."""
    return {found.name: found.version for found in _distributions()}


@cache
def distributions_of(module: str) -> tuple[tuple[str, str], ...]:
    """Name and version of each distribution that installs into the top-level ``module``.

    Empty for the standard library and for what no distribution claims.
    """
    if module in sys.stdlib_module_names:
        return ()
    claimed = [found for found in _distributions() if _claims(found, module)]
    named = claimed or [found for found in _distributions() if found.name == normalised(module)]
    return tuple(sorted((found.name, found.version) for found in named))


def normalised(name: str) -> str:
    """A distribution's name as the packaging specifications compare it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


@cache
def _distributions() -> tuple[_Distribution, ...]:
    """In the order of ``sys.path``; the first of a name counts, as it does for imports."""
    found: dict[str, _Distribution] = {}
    for entry in sys.path:
        try:
            names = sorted(os.listdir(entry or "."))
        except OSError:
            continue
        for name in names:
            if name.endswith((".dist-info", ".egg-info")):
                distribution = _read(Path(entry or ".") / name)
                if distribution is not None:
                    found.setdefault(distribution.name, distribution)
    return tuple(sorted(found.values(), key=lambda one: one.name))


def _read(folder: Path) -> _Distribution | None:
    for file in ("METADATA", "PKG-INFO"):
        try:
            with open(folder / file, "rb") as metadata:
                head = metadata.read(_HEAD)
        except OSError:
            continue
        fields = {key: value.decode() for key, value in reversed(_FIELD.findall(head))}
        if b"Name" in fields and b"Version" in fields:
            return _Distribution(normalised(fields[b"Name"]), fields[b"Version"], folder)
    return None


def _claims(distribution: _Distribution, module: str) -> bool:
    name = module.encode()
    record = b"\n" + _text(distribution.folder / "RECORD")
    if b"\n%b/" % name in record or b"\n%b.py," % name in record:
        return True
    at = record.find(b"\n%b." % name)
    if at >= 0 and _EXTENSION.match(record, at):
        return True
    return name in _text(distribution.folder / "top_level.txt").split()


@cache
def _text(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""
