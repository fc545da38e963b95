"""Write docs/reference/commands.md and names.md from what the code itself says.

``python scripts/reference.py`` after a command or a public name has changed; a test compares.
"""

import ast
import inspect
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import Any

import click

import fullcycle
from fullcycle.cli import fullcycle as command_line

ABOUT_COMMANDS = """# Commands

Made from the commands' own help by `scripts/reference.py`.

A command ends with 0 where all is well, with 1 where the answer is no (a gate, a check), and with 2
where it was asked wrongly or the project's configuration stands in the way.
"""
ABOUT_NAMES = """# Public names

Made from the docstrings by `scripts/reference.py`. `import fullcycle as fc` gives these;
`help(fc.source)` says more about each.

| name | what it is for |
|---|---|
"""
REFERENCE = Path(__file__).resolve().parents[1] / "docs" / "reference"


def commands() -> str:
    """The page of the command line: each command's own help."""
    pages = [ABOUT_COMMANDS]
    for name, command in _commands(command_line, "fullcycle"):
        context = click.Context(command, info_name=name, terminal_width=96, max_content_width=96)
        pages.append(f"## {name}\n\n```text\n{context.get_help()}\n```\n")
    return "\n".join(pages)


def _commands(group: click.Group, path: str) -> Iterator[tuple[str, click.Command]]:
    context = click.Context(group, info_name=path)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from _commands(command, f"{path} {name}")
        elif command is not None:
            yield f"{path} {name}", command


def names() -> str:
    """The page of the public names: what each is for."""
    rows = [f"| `{name}` | {_summary(name, getattr(fullcycle, name))} |" for name in fullcycle.__all__]
    return ABOUT_NAMES + "\n".join(rows) + "\n"


def _summary(name: str, value: Any) -> str:
    named = inspect.isclass(value) or inspect.isroutine(value) or inspect.ismodule(value)
    text = inspect.getdoc(value) if named else _constant_doc(name, _home(name, value))
    return (text or "").split("\n\n")[0].replace("\n", " ").replace("|", "\\|")


def _home(name: str, value: Any) -> ModuleType | None:
    """The module that defines a constant: that of its class, or for a type alias the one that binds it."""
    if type(value).__module__ != "typing":
        return inspect.getmodule(type(value))
    homes = [
        module
        for full, module in sorted(sys.modules.items())
        if full.startswith("fullcycle.") and name in vars(module) and getattr(module, "__file__", None)
    ]
    return next((module for module in homes if _constant_doc(name, module)), None)


def _constant_doc(name: str, module: ModuleType | None) -> str:
    """The string that stands below a module's constant."""
    body = ast.parse(inspect.getsource(module)).body if module is not None else []
    for statement, below in pairwise(body):
        match statement, below:
            case (
                ast.AnnAssign(target=ast.Name(id=found)) | ast.Assign(targets=[ast.Name(id=found)]),
                ast.Expr(value=ast.Constant(value=str(text))),
            ) if found == name:
                return text
    return ""


PAGES = {"commands.md": commands, "names.md": names}

if __name__ == "__main__":
    for page, make in PAGES.items():
        (REFERENCE / page).write_text(make())
        print(REFERENCE / page)
