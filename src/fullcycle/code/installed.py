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
from importlib.util import find_spec
from pathlib import Path

from fullcycle.kernel import digest_parts

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


@dataclass(frozen=True, slots=True)
class Library:
    """Where a top-level module comes from.

    ``version`` is empty for what no distribution installs. ``identity`` is the version, and
    for code that may change under one version (installed as editable, or lying about on
    ``sys.path``) a digest of its source too.
    """

    name: str
    version: str
    identity: str


@cache
def version_of(module: str) -> tuple[Library, ...]:
    """The distributions that install into the top-level ``module``; none for Python's own."""
    if module in sys.stdlib_module_names:
        return ()
    claimed = [found for found in _distributions() if _claims(found, module)]
    if claimed:
        return tuple(Library(found.name, found.version, found.version) for found in claimed)
    named = next((found for found in _distributions() if found.name == normalised(module)), None)
    version = named.version if named is not None else ""
    if module == "fullcycle":  # what a version of it stores, every later one reads
        return (Library(module, version, version),)
    return (
        Library(named.name if named is not None else module, version, f"{version}+{_source_digest(module)}"),
    )


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


def _source_digest(module: str) -> str:
    """A digest of a module's Python files; ``absent`` where there is no such module."""
    try:
        spec = find_spec(module)
    except (ImportError, ValueError):
        spec = None
    if spec is None:
        return "absent"
    folders = [Path(folder) for folder in spec.submodule_search_locations or ()]
    files = sorted(path for folder in folders for path in folder.rglob("*.py"))
    if not folders and spec.origin is not None:
        files = [Path(spec.origin)]
    parts = [part for path in files for part in (str(path).encode(), _text(path))]
    return digest_parts("source@1", parts)[:12]
