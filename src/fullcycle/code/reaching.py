"""What of a project's code a function stands on: everything it reaches, found without running it.

A name leads to the statements that bind it, those to the names they read, across modules and
re-exports. Beside what is reached by name counts what importing does: statements that act
when a reached module is imported. What cannot be followed is told, and widens the digest to
the whole archive: a step may run once too often, never once too seldom.
"""

import builtins
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import msgspec

from fullcycle.code.archive import Archive
from fullcycle.code.installed import distributions_of, lock
from fullcycle.code.layout import find, modules
from fullcycle.code.source import Import, Source, Unit, read_source
from fullcycle.kernel import Digest, Invalid, UnknownName, digest_value

ACTS = "what it does when imported"
_BUILTINS = frozenset(dir(builtins))


class Symbol(msgspec.Struct, frozen=True):
    """Something of the project that is reached, such as ``library/money.py:euro``."""

    digest: Digest
    path: str
    line: int


@dataclass(frozen=True, slots=True)
class Reach:
    """All that a function stands on; ``unfollowed`` lists what could not be, as ``path:line what``."""

    digest: Digest
    symbols: Mapping[str, Symbol]
    distributions: Mapping[str, str]
    unfollowed: tuple[str, ...] = ()


def reach(archive: Archive, module: str, name: str) -> Reach:
    """Follow ``name`` of ``module`` (named from the package, such as ``winback.flow``).

    Raises:
        UnknownName: where the archive has no such module, or the module binds no such name.
        Invalid: where a module that is reached is not Python.
    """
    walk = _Walk(_Project.of(archive))
    walk.require(module, name)
    walk.follow(module, name)
    walk.settle()
    symbols = dict(sorted(walk.symbols.items()))
    distributions = {one: lock().get(one, "?") for one in sorted(walk.distributions)}
    unfollowed = tuple(sorted(set(walk.unfollowed)))
    digest = digest_value(
        "reach@1",
        {
            "symbols": {key: symbol.digest for key, symbol in symbols.items()},
            "distributions": distributions,
            "python": list(sys.version_info[:2]),
            "archive": archive.digest if unfollowed else None,
        },
    )
    return Reach(digest, symbols, distributions, unfollowed)


class _Project:
    """An archive's modules, taken apart on demand."""

    _of_last: "tuple[Digest, _Project] | None" = None

    def __init__(self, archive: Archive) -> None:
        self.archive = archive

    @classmethod
    def of(cls, archive: Archive) -> "_Project":
        if cls._of_last is None or cls._of_last[0] != archive.digest:
            cls._of_last = (archive.digest, cls(archive))
        return cls._of_last[1]

    def source(self, module: str) -> Source | None:
        home = find(self.archive, module)
        if home is None or not home.path:
            return None
        path = home.path
        try:
            return read_source(self.archive.files[path])
        except (SyntaxError, ValueError) as error:
            line = getattr(error, "lineno", None)
            raise Invalid(
                f"not Python: {error}", f"{path}:{line}" if line else path, "mend that line"
            ) from error

    def path(self, module: str) -> str:
        home = find(self.archive, module)
        return (home.path if home is not None else "") or module.replace(".", "/")

    def is_module(self, name: str) -> bool:
        return bool(name) and find(self.archive, name) is not None

    def own(self, within: str, found: Import, name: str) -> str | None:
        """An imported module's name from the package; None for what is not the project's own."""
        if found.level == 0:
            top, _, rest = name.partition(".")
            return rest if top == self.archive.package else None
        base = within.split(".") if within else []
        is_package = self.path(within).endswith("__init__.py")
        up = found.level - (1 if is_package else 0)
        base = base[: len(base) - up] if up else base
        return ".".join([*base, *([name] if name else [])])


@dataclass
class _Walk:
    project: _Project
    symbols: dict[str, Symbol] = field(default_factory=dict)
    distributions: set[str] = field(default_factory=set)
    unfollowed: list[str] = field(default_factory=list)
    modules: dict[str, None] = field(default_factory=dict)  # imported, in order
    _seen: set[tuple[str, str]] = field(default_factory=set)
    _acting: dict[str, list[Unit]] = field(default_factory=dict)

    def require(self, module: str, name: str) -> None:
        source = self.project.source(module)
        if source is None:
            raise UnknownName.among(module, modules(self.project.archive), where="the modules of the project")
        if name not in source.bound and not self._starred(module, source, name):
            raise UnknownName.among(name, source.bound, where=self.project.path(module))

    def follow(self, module: str, name: str) -> None:
        """Follow a name, and all that it leads to, without recursion."""
        waiting = [(module, name)]
        while waiting:
            one = waiting.pop()
            if one not in self._seen:
                self._seen.add(one)
                waiting.extend(self._step(*one))

    def settle(self) -> None:
        """Count what importing does in every module that is imported, until nothing is added."""
        done: set[tuple[str, int]] = set()
        while True:
            fresh = [
                (module, unit)
                for module in list(self.modules)
                for unit in self._acts(module)
                if (module, unit.line) not in done
            ]
            if not fresh:
                break
            for module, unit in fresh:
                done.add((module, unit.line))
                self._acting.setdefault(module, []).append(unit)
                for next_module, next_name in self._reads(module, unit):
                    self.follow(next_module, next_name)
        for module, units in self._acting.items():
            ordered = sorted(units, key=lambda unit: unit.line)
            path = self.project.path(module)
            digest = digest_value("acts@1", [unit.digest for unit in ordered])
            self.symbols[f"{path}:{ACTS}"] = Symbol(digest, path, ordered[0].line)

    def _step(self, module: str, name: str) -> Iterator[tuple[str, str]]:
        source = self.project.source(module)
        if source is None:
            return
        self._import(module)
        units = source.bound.get(name, ())
        if not units:
            yield from self._elsewhere(module, source, name)
            return
        path = self.project.path(module)
        told = [unit.digest for unit in units if not unit.only_imports]
        if told:
            self.symbols[f"{path}:{name}"] = Symbol(digest_value("symbol@1", told), path, units[0].line)
        for unit in units:
            for bound, found in unit.imports:
                if bound == name:
                    yield from self._imported(module, name, found, unit)
            if not unit.only_imports:
                yield from self._reads(module, unit)

    def _reads(self, module: str, unit: Unit) -> Iterator[tuple[str, str]]:
        """What a statement's names lead to."""
        path = self.project.path(module)
        self.unfollowed += [f"{path}:{line} {what}" for line, what in unit.unfollowed]
        for name, line in unit.computed:
            if self._module_bound(module, name) is not None:
                self.unfollowed.append(f"{path}:{line} a computed attribute of the module {name}")
        for chain in unit.chains:
            yield from self._chain(module, chain)
        for name in unit.bare:
            target = self._module_bound(module, name)
            if target is not None:
                yield from self._everything(target)
            yield module, name

    def _chain(self, module: str, chain: tuple[str, ...]) -> Iterator[tuple[str, str]]:
        """``money.euro``: through modules as far as they go, then a name of the last one."""
        target = self._module_bound(module, chain[0])
        rest = list(chain[1:])
        yield module, chain[0]
        while target is not None and rest:
            inner = f"{target}.{rest[0]}" if target else rest[0]
            source = self.project.source(target)
            if source is not None and rest[0] in source.bound:
                yield target, rest[0]
                target = self._module_bound(target, rest[0])
            elif self.project.is_module(inner):
                self._import(inner)
                target = inner
            elif source is not None:
                yield target, rest[0]  # perhaps through a star
                target = None
            else:
                target = None
            rest.pop(0)
        if target is not None and not rest:
            yield from self._everything(target)

    def _everything(self, module: str) -> Iterator[tuple[str, str]]:
        """A module that is handed on as a value: all of its names may be used."""
        self._import(module)
        source = self.project.source(module)
        for name in source.bound if source is not None else ():
            yield module, name

    def _imported(self, module: str, name: str, found: Import, unit: Unit) -> Iterator[tuple[str, str]]:
        own = self.project.own(module, found, found.whole or found.module)
        if own is None:
            self._third_party(found.module or found.whole)
            return
        self._import(own)
        if found.member is None:
            return
        source = self.project.source(own)
        inner = f"{own}.{found.member}" if own else found.member
        key = f"{self.project.path(module)}:{name}"
        told = digest_value("import@1", [own, found.member])
        if not (source is not None and found.member in source.bound) and self.project.is_module(inner):
            self._import(inner)
            return
        if self._leaves(key):
            self.symbols[key] = Symbol(told, self.project.path(module), unit.line)
        yield own, found.member

    def _leaves(self, key: str) -> bool:
        return key not in self.symbols

    def _elsewhere(self, module: str, source: Source, name: str) -> Iterator[tuple[str, str]]:
        """A name the module does not bind itself: through a star, or Python's own."""
        starred = self._starred(module, source, name)
        if starred is not None:
            yield starred, name
            return
        inner = f"{module}.{name}" if module else name
        if name in _BUILTINS or name.startswith("__") or self.project.is_module(inner):
            return
        for star in source.stars:
            if self.project.own(module, star, star.module) is None:
                self._third_party(star.module)

    def _starred(self, module: str, source: Source, name: str) -> str | None:
        for star in source.stars:
            own = self.project.own(module, star, star.module)
            inner = self.project.source(own) if own is not None else None
            if own is not None and inner is not None:
                self._import(own)
                if name in inner.bound or self._starred(own, inner, name) is not None:
                    return own
        return None

    def _module_bound(self, module: str, name: str) -> str | None:
        """The module of the project that a name of ``module`` is bound to, if it is one."""
        source = self.project.source(module)
        for unit in source.bound.get(name, ()) if source is not None else ():
            for bound, found in unit.imports:
                if bound != name:
                    continue
                own = self.project.own(module, found, found.module)
                if own is None:
                    continue
                if found.member is None:
                    return own
                inner = f"{own}.{found.member}" if own else found.member
                held = self.project.source(own)
                if held is not None and found.member in held.bound:
                    return self._module_bound(own, found.member)
                if self.project.is_module(inner):
                    return inner
        return None

    def _import(self, module: str) -> None:
        """Importing a module imports the packages above it, and what it imports itself."""
        waiting = [module]
        while waiting:
            one = waiting.pop()
            if one in self.modules:
                continue
            self.modules[one] = None
            if one:
                waiting.append(one.rpartition(".")[0])
            source = self.project.source(one)
            for unit in source.units if source is not None else ():
                for _, found in unit.imports:
                    own = self.project.own(one, found, found.whole or found.module)
                    if own is None:
                        continue
                    waiting.append(own)
                    inner = f"{own}.{found.member}" if own else found.member
                    if found.member is not None and inner and self.project.is_module(inner):
                        waiting.append(inner)
            for star in source.stars if source is not None else ():
                if (own := self.project.own(one, star, star.module)) is not None:
                    waiting.append(own)

    def _third_party(self, module: str) -> None:
        top = module.partition(".")[0]
        if top not in sys.stdlib_module_names:
            self.distributions.update(name for name, _ in distributions_of(top) or ((top, ""),))

    def _acts(self, module: str) -> list[Unit]:
        source = self.project.source(module)
        if source is None:
            return []
        return [unit for unit in source.units if unit.effect or self._changes_at_import(module, unit)]

    def _changes_at_import(self, module: str, unit: Unit) -> bool:
        """Whether importing this definition calls something that changes what others hold."""
        if unit.effect:
            return True
        if any(self._hooked(module, base) for base in unit.bases):
            return True
        return any(self._changing(module, call, set()) for call in unit.calls)

    def _changing(self, module: str, call: tuple[str, ...], seen: set[tuple[str, str]]) -> bool:
        """Whether a function of the project, or what it calls, changes a global; a method of an object may."""
        for owner, name in self._owners(module, call):
            if (owner, name) in seen:
                continue
            seen.add((owner, name))
            source = self.project.source(owner)
            for unit in source.bound.get(name, ()) if source is not None else ():
                if unit.only_imports:
                    continue
                if len(call) > 1 and (owner, name) == (module, call[0]):
                    return True  # a method of an object that this module made: who knows
                local = {one for one in unit.changes if self._is_object(owner, one)}
                if local - {name}:
                    return True
                if any(self._changing(owner, (one,), seen) for one in unit.bare):
                    return True
                if any(self._changing(owner, chain, seen) for chain in unit.chains):
                    return True
        return False

    def _owners(self, module: str, call: tuple[str, ...]) -> Iterator[tuple[str, str]]:
        """Where the function that is called is bound, through imports."""
        target = self._module_bound(module, call[0])
        if target is not None and len(call) > 1:
            yield from self._origin(target, call[1])
        else:
            yield from self._origin(module, call[0])

    def _origin(self, module: str, name: str) -> Iterator[tuple[str, str]]:
        source = self.project.source(module)
        if source is None:
            return
        for unit in source.bound.get(name, ()):
            for bound, found in unit.imports:
                own = self.project.own(module, found, found.module) if bound == name else None
                if own is not None and found.member is not None:
                    yield from self._origin(own, found.member)
            if not unit.only_imports:
                yield module, name
        if name not in source.bound and (starred := self._starred(module, source, name)) is not None:
            yield from self._origin(starred, name)

    def _is_object(self, module: str, name: str) -> bool:
        """Whether a global is a value of the project, rather than a module or somebody else's name."""
        return any(
            not unit.only_imports
            for owner, origin in self._origin(module, name)
            if (source := self.project.source(owner)) is not None
            for unit in source.bound.get(origin, ())
        )

    def _hooked(
        self, module: str, base: tuple[str, ...], seen: frozenset[tuple[str, str]] = frozenset()
    ) -> bool:
        for owner, name in self._owners(module, base):
            source = self.project.source(owner)
            if (owner, name) in seen or source is None:
                continue
            for unit in source.bound.get(name, ()):
                if unit.hooks:
                    return True
                if any(self._hooked(owner, one, seen | {(owner, name)}) for one in unit.bases):
                    return True
        return False
