"""Laying out a new project, and a new capability inside one."""

import re
import sys
from keyword import iskeyword
from pathlib import Path

import fullcycle
from fullcycle.kernel import Invalid
from fullcycle.serve.routes import require_free
from fullcycle.wiring.project import Project

EXAMPLES = ("winback", "demand", "banner")
_SHIPPED = Path(fullcycle.__file__).parent / "example"
_HOME = "shop"  # the example's own name, which its modules are imported by
_ONLY_WITH = {  # what an example adds to the first
    "demand/": "demand",
    "made_up_sales.py": "demand",
    "banner/": "banner",
    "visitors.py": "banner",
}

_TOML = """[project]
package = "{name}"                            # from {name}.library import …
ledger = "sqlite:///.fullcycle/ledger.db"
artifacts = ".fullcycle/artifacts"
currency = "USD"
prices = {{ cpu_hour = 0.04, gb_month = 0.02 }}

[environments.dev]
warehouses.warehouse = "duckdb:///warehouse.duckdb"

[environments.prod]
warehouses.warehouse = "duckdb:///warehouse.duckdb"
"""
_SKELETON = "skeleton"  # the name of the capability to begin with, wherever its files say it
_IGNORE = ".fullcycle/\n__pycache__/\n*.duckdb\n*.duckdb.wal\n*.html\n"


def lay_out(parent: Path, name: str, example: str | None) -> list[tuple[Path, str]]:
    """Write a new project to ``parent / name``; return each file with what it is for.

    Raises:
        Invalid: where the name cannot be imported, or hides another module, or the folder already
            holds something.
    """
    _require_importable(name, "project", "my_shop")
    return _write(parent, name, _example(name, example) if example else _empty(name))


def lay_out_capability(project: Project, name: str) -> list[tuple[Path, str]]:
    """Write a capability to begin with to the folder ``name`` of a project; return its files as above.

    Raises:
        Invalid: where the name cannot be imported, or hides another module, or the folder already
            holds something.
    """
    _require_importable(name, "capability", "my_offer")
    require_free(name)
    return _write(project.root, name, _skeleton(project, name))


def _require_importable(name: str, what: str, such_as: str) -> None:
    if not name.isidentifier() or iskeyword(name):
        raise Invalid(
            f"{name!r} cannot be imported",
            f"the name of the {what}",
            f"use letters, digits and _, say {such_as}",
        )
    if name == "fullcycle" or name in sys.stdlib_module_names:
        raise Invalid(
            f"{name!r} would hide the module of that name", f"the name of the {what}", "choose another one"
        )


def _write(parent: Path, name: str, files: dict[str, bytes]) -> list[tuple[Path, str]]:
    root = parent / name
    if root.exists() and (not root.is_dir() or any(root.iterdir())):
        raise Invalid(
            f"{name} already holds files", str(root), "choose another name, or go on there: cd " + name
        )
    for path, content in files.items():
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    return [(Path(name) / path, _purpose(content)) for path, content in files.items()]


def _empty(name: str) -> dict[str, bytes]:
    return {
        "fullcycle.toml": _TOML.format(name=name).encode(),
        ".gitignore": _IGNORE.encode(),
        "__init__.py": b"",
        "library/__init__.py": b'"""What several capabilities share: sources, contracts, features."""\n',
    }


def _example(name: str, example: str) -> dict[str, bytes]:
    shipped = _SHIPPED / _HOME
    others = tuple(part for part, only in _ONLY_WITH.items() if only != example)
    files = {}
    for path in sorted(p for p in shipped.rglob("*") if p.is_file() and not _is_cache(p)):
        if path.relative_to(shipped).as_posix().startswith(others):
            continue
        content = path.read_bytes()
        if name != _HOME and path.suffix in (".py", ".toml", ".md", ".gitignore"):
            content = _renamed(content.decode(), name).encode()
        files[path.relative_to(shipped).as_posix()] = content
    return files


def _skeleton(project: Project, name: str) -> dict[str, bytes]:
    said = {
        f"{_HOME}.{_SKELETON}": f"{project.package}.{name}",
        _SKELETON: name,
        " USD ": f" {project.config.project.currency} ",
    }
    written = re.compile("|".join(map(re.escape, said)))
    files = {}
    for path in sorted((_SHIPPED / _SKELETON).iterdir()):
        if path.suffix in (".py", ".md"):
            text = written.sub(lambda found: said[found[0]], path.read_text(encoding="utf-8"))
            files[path.name.replace(_SKELETON, name)] = text.encode()
    return files


def _renamed(text: str, name: str) -> str:
    """The example's own imports, package and title under another name; its tables keep theirs."""
    text = re.sub(rf"\bfrom {_HOME}((?:\.\w+)+) import\b", rf"from {name}\1 import", text)
    text = re.sub(rf'^(package|name) = "{_HOME}"', rf'\1 = "{name}"', text, flags=re.MULTILINE)
    return re.sub(rf"(\A# |\bfullcycle new ){_HOME}\b", rf"\1{name}", text)


def _purpose(content: bytes) -> str:
    """The first line of a file's own docstring or heading, if it has one."""
    try:
        first = content.decode().lstrip("-\n# ").split("\n", 1)[0]
    except UnicodeDecodeError:
        return ""
    return first.strip('"').strip() if content.startswith((b'"""', b"# ")) else ""


def _is_cache(path: Path) -> bool:
    folders = path.relative_to(_SHIPPED).parts[:-1]
    return any(folder.startswith(".") or folder == "__pycache__" for folder in folders)
