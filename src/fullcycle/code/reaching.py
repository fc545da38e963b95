"""What of a project's code a function stands on: everything it reaches, under one digest.

Found from the archive's bytes, without running them. What cannot be followed is told, and
widens the digest: a computed name to every module of the archive, a text that is run to every
file of it. A step may run once too often, never once too seldom.
"""

import platform
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from fullcycle.code.archive import Archive
from fullcycle.code.binding import Imported
from fullcycle.code.effects import Effects
from fullcycle.code.installed import Library, version_of
from fullcycle.code.layout import modules
from fullcycle.code.project import Project
from fullcycle.code.recollection import keep, recall
from fullcycle.code.statement import Statement
from fullcycle.code.symbol import Found, Symbol
from fullcycle.code.walk import Walk
from fullcycle.kernel import Digest, UnknownName, digest_bytes, digest_value

ORDER = "the order of what it runs when imported"
NAMES = "the list of the project's files"
_ABSENT = "absent"


@dataclass(frozen=True, slots=True)
class Reach:
    """All that a function stands on.

    ``digest`` covers the symbols, those of distributions and of Python among them, and
    nothing else; ``distributions`` maps the installed ones to their versions; ``unfollowed``
    lists what could not be followed, as ``path:line what``; ``files`` the paths and patterns
    of files that it declares by ``fc.File``, whose content is not part of the digest yet;
    ``texts`` what in its code may name other files: path and line of the code, and the text;
    ``looks`` lists where it looks at which files there are, as ``unfollowed`` does.
    """

    digest: Digest
    symbols: Mapping[str, Symbol]
    distributions: Mapping[str, str]
    unfollowed: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    texts: tuple[tuple[str, int, str], ...] = ()
    looks: tuple[str, ...] = ()

    def including(self, declared: Mapping[str, Symbol]) -> "Reach":
        """The reach with what else it stands on, such as the content of files."""
        if not declared:
            return self
        symbols = dict(sorted({**self.symbols, **declared}.items()))
        return replace(self, symbols=symbols, digest=_digest_of(symbols))


def reach(archive: Archive, module: str, name: str, *, cache: Path | None = None) -> Reach:
    """Follow ``name`` of ``module`` (named from the package, such as ``winback.flow``).

    ``cache`` is a folder in which what was found is kept for the next process.

    Raises:
        UnknownName: where the archive has no such module, or the module no such name.
        Invalid: where a module on the way is not Python.
    """
    return _surrounded(_found(archive, module, name, cache))


def own_code(archive: Archive, module: str, name: str) -> Digest:
    """A digest of the project's code that ``name`` reaches, whatever is installed beside it.

    Raises:
        UnknownName, Invalid: see ``reach``.
    """
    symbols = _found(archive, module, name, None).symbols
    return digest_value("own code@1", {key: symbols[key].digest for key in sorted(symbols)})


@lru_cache(maxsize=1024)
def _found(archive: Archive, module: str, name: str, cache: Path | None) -> Found:
    known = recall(cache, archive, module, name) if cache is not None else None
    if known is not None:
        return known
    found = _walked(archive, module, name)
    if cache is not None:
        keep(cache, archive, module, name, found)
    return found


def _walked(archive: Archive, module: str, name: str) -> Found:
    project, effects = _opened(archive)
    if not project.has(module):
        raise UnknownName.among(module, modules(archive), where="the modules of the project")
    if not project.provides(module, name):
        raise UnknownName.among(name, project.module(module).bound, where=project.path(module))
    walk = Walk(project, effects)
    walk.start(module, name)
    return Found(
        symbols=dict(_of_code(walk)),
        libraries=sorted(walk.outside.libraries),
        unfollowed=sorted(walk.outside.unfollowed),
        files=sorted(walk.outside.files),
        texts=sorted(set(_texts(walk))),
        looks=sorted(walk.outside.looks),
    )


@lru_cache(maxsize=8)
def _opened(archive: Archive) -> tuple[Project, Effects]:
    project = Project(archive)
    return project, Effects(project)


def _surrounded(found: Found) -> Reach:
    """What a walk found, with what runs it: the libraries that it asks, and Python."""
    libraries = [library for top in found.libraries for library in version_of(top)]
    symbols = dict(sorted({**found.symbols, **dict(_of_surroundings(libraries))}.items()))
    return Reach(
        digest=_digest_of(symbols),
        symbols=symbols,
        distributions={library.name: library.version for library in libraries if library.version},
        unfollowed=tuple(found.unfollowed),
        files=tuple(found.files),
        texts=tuple(found.texts),
        looks=tuple(found.looks),
    )


def _digest_of(symbols: Mapping[str, Symbol]) -> Digest:
    return digest_value("reach@1", {key: symbol.digest for key, symbol in symbols.items()})


def _of_code(walk: Walk) -> Iterator[tuple[str, Symbol]]:
    """What of the project is reached."""
    for module, name in walk.absent:
        path = walk.project.path(module)
        yield f"{path}:{name}", Symbol(_ABSENT, path, 0, name)
    for module, name in walk.names:
        path = walk.project.path(module)
        yield f"{path}:{name}", _name(walk, module, name)
    yield from _effects(walk)
    yield from _orders(walk)
    if walk.outside.looks:
        names = digest_value("names@1", sorted(walk.project.archive.files))
        yield NAMES, Symbol(names, "", 0, NAMES, declared=True)
    if walk.outside.unfollowed:
        for path, data in walk.project.archive.files.items():
            if walk.outside.from_text or path.endswith(".py"):
                yield path, Symbol(digest_bytes(data), path, 1)


def _of_surroundings(libraries: list[Library]) -> Iterator[tuple[str, Symbol]]:
    """What runs the project's code: the libraries it asks, and Python."""
    for library in libraries:
        yield library.name, Symbol(library.identity, "", 0, library.name)
    yield "Python", Symbol(".".join(platform.python_version_tuple()[:2]), "", 0, "Python")


def _name(walk: Walk, module: str, name: str) -> Symbol:
    statements = walk.project.module(module).bound[name]
    asked, whole = (module, name) in walk.asked, module in walk.whole
    digests = [
        one.digest_of(name, hints=whole or (asked and one.is_function) or (module, one) in walk.acting)
        for one in statements
    ]
    label = f"{name}()" if all(statement.is_function for statement in statements) else name
    digest = digest_value("symbol@1", digests)
    return Symbol(digest, walk.project.path(module), statements[0].line, label)


def _texts(walk: Walk) -> Iterator[tuple[str, int, str]]:
    for module, statement in walk.included:
        for line, text in statement.named_files:
            yield walk.project.path(module), line, text


def _effects(walk: Walk) -> Iterator[tuple[str, Symbol]]:
    """Statements that act and bind nothing; of equal ones, each by its number."""
    seen: dict[str, int] = {}
    for module, statement in walk.acting:
        if not statement.binds:
            path = walk.project.path(module)
            key = f"{path}:{statement.label}"
            seen[key] = seen.get(key, 0) + 1
            number = f" #{seen[key]}" if seen[key] > 1 else ""
            yield f"{key}{number}", Symbol(statement.digest, path, statement.line, statement.label)


def _orders(walk: Walk) -> Iterator[tuple[str, Symbol]]:
    """The order of statements, where it may matter: beside those that act, or that bind a name again."""
    acting = {module for module, _ in walk.acting}
    again = {module for module, name in walk.names if len(walk.project.module(module).bound[name]) > 1}
    for module in acting | again | _covered(walk):
        path = walk.project.path(module)
        yield (
            f"{path}:{ORDER}",
            Symbol(digest_value("order@1", list(_sequence(walk, module))), path, 1, ORDER),
        )
    if len(acting) > 1:
        ordered = [module for module in walk.executed if module in acting]
        yield ORDER, Symbol(digest_value("order@1", ordered), "the project", 0, ORDER)


def _covered(walk: Walk) -> set[str]:
    """Modules in which a name may come from one of several stars, or from a star and from the module."""
    starred = {
        module for module, statement in walk.included if any(one.name == "*" for one in statement.imports)
    }
    reached: dict[str, set[str]] = {}
    for module, name in walk.names:
        reached.setdefault(module, set()).add(name)
    return {
        module
        for module in starred
        if len(walk.project.module(module).stars) > 1
        or any(
            _may_bind(walk, module, star, reached.get(module, set()))
            for _, star in walk.project.module(module).stars
        )
    }


def _may_bind(walk: Walk, module: str, star: Imported, names: set[str]) -> bool:
    own = walk.project.own(module, star)
    return any(own is None or walk.project.hands_on(own, name) for name in names)


def _sequence(walk: Walk, module: str) -> Iterator[Digest]:
    """What counts of a module in its order; a plain function may stand anywhere."""
    held = walk.project.module(module)
    for statement in held.statements:
        once = all(len(held.bound[name]) == 1 for name in statement.binds)
        counts = (module, statement) in walk.included and not (statement.is_plain_function and once)
        if counts or _imports_own(walk, module, statement):
            yield statement.digest


def _imports_own(walk: Walk, module: str, statement: Statement) -> bool:
    return any(walk.project.own(module, one) is not None for one in statement.imports)
