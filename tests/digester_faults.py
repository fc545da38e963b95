"""Deliberate faults of the digester and of the memo: tests of edits must catch each."""

import importlib.util
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from fullcycle.code import canonical, effects, loader, module, project, reaching, reading, scope, syntax, walk
from fullcycle.code.statement import Statement
from fullcycle.flow import depends, stepping

Fault = Callable[[pytest.MonkeyPatch], None]


def forget(attribute: str) -> Fault:
    """A reader that does not look at one kind of node."""
    return lambda patch: patch.setattr(syntax._Reader, attribute, lambda self, node: None)


def leave_out(field: str) -> Fault:
    """A canonical form without one field of every node."""
    return lambda patch: patch.setattr(canonical, "_LEFT_OUT", canonical._LEFT_OUT | {field})


def swap(owner: object, name: str, value: object) -> Fault:
    """Something else in the place of a function."""
    return lambda patch: patch.setattr(owner, name, value)


def _one_hop(self) -> None:
    waiting, self._waiting = self._waiting, []
    for home, name in waiting:
        for statement in self.project.module(home).bound.get(name, ()):
            self.include(home, statement)
    for home, name in self._waiting:  # named, and followed no further
        for statement in self.project.module(home).bound.get(name, ()):
            self.included.add((home, statement))
    self._waiting = []


IN_CODE: Mapping[str, Fault] = {
    "attributes are not followed": forget("_attribute"),
    "comprehensions are not read": forget("_listcomp"),
    "lambdas are not read": forget("function"),
    "calls are not read": forget("_call"),
    "imports inside functions are not read": forget("_importfrom"),
    "class bodies are not read": forget("_classdef"),
    "bodies of functions are left out": leave_out("body"),
    "decorators are left out": leave_out("decorator_list"),
    "bases are left out": leave_out("bases"),
    "defaults are left out": leave_out("defaults"),
    "keyword defaults are left out": leave_out("kw_defaults"),
    "values are left out": leave_out("value"),
    "keyword arguments are left out": leave_out("keywords"),
    "constants are left out": swap(canonical, "_plain", lambda value: str(type(value))),
    "types of constants are left out": swap(canonical, "_plain", lambda value: str(value).removesuffix(".0")),
    "docstrings count": swap(canonical, "spoken", list),
    "positions count": swap(Statement, "digest_without_hints", property(lambda self: f"{self.node.lineno}")),
    "annotations always count": swap(Statement, "optional_hints", property(lambda _: False)),
    "annotations never count": swap(Statement, "digest", Statement.digest_without_hints),
    "a star behind a star is not followed": swap(
        project.Project, "provides", lambda self, own, name, seen=None: name in self.module(own).bound
    ),
    "the first binding counts alone": swap(
        reaching, "_name", lambda w, m, n: reaching.Symbol(w.project.module(m).bound[n][0].digest, "", 1)
    ),
    "importing is taken to do nothing": swap(effects.Effects, "acts", lambda *_: False),
    "no call is taken to act": swap(effects.Effects, "_is_quiet", lambda *_: True),
    "everything is taken to act": swap(effects.Effects, "acts", lambda *_: True),
    "what is not there is not noted": swap(walk.Walk, "note_absence", lambda *_: None),
    "modules imported on the way are not run": swap(walk.Walk, "execute", lambda *_: None),
    "re-exports are not told": swap(walk.Walk, "bind", lambda *_: None),
    "what only type checkers import counts": swap(module, "_is_never", lambda _: False),
    "a local is taken for a global": swap(scope.Scope, "hides", property(lambda _: set())),
    "it stops after one hop": swap(walk.Walk, "_walk_on", _one_hop),
}


def _without(*left_out: str) -> Fault:
    """A key that some of what decides does not go into."""
    real = stepping.memo_key
    empty = {"code": "", "parameters": {}, "inputs": {}, "step": ""}

    def key(step, code, parameters, inputs):
        given = {"step": step, "code": code, "parameters": parameters, "inputs": inputs}
        return real(**{name: empty[name] if name in left_out else part for name, part in given.items()})

    return swap(stepping, "memo_key", key)


def _by_time(patch: pytest.MonkeyPatch) -> None:
    """Files are read again only where their time or their size is another one."""
    known: dict[tuple[str, int, float], bytes] = {}
    real = reading.read_archive

    def read(root: Path, package: str):
        archive = real(root, package)
        files = {}
        for path, data in archive.files.items():
            found = (root / path).stat()
            files[path] = known.setdefault((str(root / path), found.st_size, found.st_mtime), data)
        return type(archive)(package, files)

    import edited_flow

    patch.setattr(edited_flow, "read_archive", read)


def _by_bytecode(patch: pytest.MonkeyPatch) -> None:
    """Bytecode is run where Python itself would trust it."""
    real = loader._compiled

    def compiled(file, source, path):
        if not Path(file).exists():
            return real(file, source, path)
        spec = importlib.util.spec_from_file_location("x", file)
        return spec.loader.get_code("x")

    patch.setattr(loader, "_compiled", compiled)


IN_RUNS: Mapping[str, Fault] = {
    "the key has no code": _without("code"),
    "the key has no parameters": _without("parameters"),
    "the key has no inputs": _without("inputs"),
    "the key has no step": _without("step", "code", "inputs"),
    "files are compared by their time": _by_time,
    "bytecode is trusted": _by_bytecode,
    "versions of libraries are left out": swap(reaching, "_of_surroundings", lambda _: iter(())),
    "dependencies are left out": swap(depends.Dependencies, "of", lambda self, node, reach: reach),
    "of a pattern only the names count": swap(
        depends.Dependencies,
        "_of_files",
        lambda self, path: iter([(p, depends._symbol(p, "")[1]) for p in self._files.matching(path)]),
    ),
    "variables are left out": swap(depends, "_digest_of_variable", lambda _: ""),
    "what functions tell is left out": swap(depends.Dependencies, "_digest_of_told", lambda *_: ""),
    "the whole archive always counts": swap(
        stepping,
        "memo_key",
        lambda step, code, parameters, inputs: f"{step}{code}{parameters}{inputs}{id(inputs)}",
    ),
}
