# ruff: noqa: E501 - texts of programs
"""Generated programs: where an edit changes what a function gives, it must change its digest.

Each program spreads constants over modules that reach each other in many ways; one constant
is edited, and the function is really run, before and after, from the archives' bytes.
"""

import random
from collections.abc import Callable

import pytest

from fullcycle.code import load, reach
from small_projects import of

MODULES = ("a", "b", "pack.c", "pack.d")


class Program:
    """Source files with numbered constants; ``edit`` is the number of the one that is other."""

    def __init__(self, seed: int, edit: int | None = None) -> None:
        self.draw = random.Random(seed)
        self.edit = edit
        self.constants = 0
        self.aliases = 0
        self.lines: dict[str, list[str]] = {"pack": [], "flow": []}
        self.known: list[tuple[str, str]] = []  # module and name of a function of one number
        for module in MODULES:
            self.lines[module] = ["import functools"]
            for n in range(self.draw.randint(2, 4)):
                self.add(module, f"f{n}")
        self.lines["flow"].append("import functools")
        for n in range(4):
            self.add("flow", f"step{n}")

    def constant(self) -> str:
        """A small number, another one where the program is edited."""
        number = self.draw.randint(1, 9) + (10 if self.constants == self.edit else 0)
        self.constants += 1
        return str(number)

    def helper(self, module: str) -> str:
        """An expression for a function made before, and the import that it needs."""
        if not self.known or self.draw.random() < 0.15:
            return "abs"
        other, name = self.draw.choice(self.known)
        if other == module:
            return name
        package, _, last = f"shop.{other}".rpartition(".")
        self.aliases += 1
        alias = f"{last}_{self.aliases}"
        form, expression = self.draw.choice(
            [
                (f"from shop.{other} import {name} as {alias}", alias),
                (f"import shop.{other} as {alias}", f"{alias}.{name}"),
                (f"import shop.{other}", f"shop.{other}.{name}"),
                (f"from {package} import {last} as {alias}", f"{alias}.{name}"),
                (f"try:\n    from shop.nowhere import {name} as {alias}\nexcept ImportError:\n"
                 f"    from shop.{other} import {name} as {alias}", alias),
                (f"from shop import pack\nimport shop.{other}\nfrom shop.{other} import {name} as {alias}", alias),
                ("", f"__import__('shop.{other}', fromlist=['{name}']).{name}"),
                (f"import shop.{other} as {alias}", f"getattr({alias}, '{name}')"),
            ]
        )  # fmt: skip
        self.lines[module].append(form)
        return expression

    def add(self, module: str, name: str) -> None:
        """One more function, in one of many forms."""
        form: Callable[[str, str], str] = self.draw.choice(
            [
                self.plain, self.default, self.global_constant, self.partial, self.lambda_, self.closure,
                self.method, self.inherited, self.registered, self.decorated, self.comprehension,
                self.set_attribute, self.rebound, self.dispatched, self.local_import, self.subclass_hook,
                self.walrus, self.starred, self.augmented,
            ]
        )  # fmt: skip
        self.lines[module].append(form(module, name))
        self.known.append((module, name))

    def plain(self, module: str, name: str) -> str:
        return f"def {name}(x): return {self.helper(module)}(x) + {self.constant()}"

    def default(self, module: str, name: str) -> str:
        return f"def {name}(x, by={self.constant()}, *, go={self.helper(module)}): return go(x) * by"

    def global_constant(self, module: str, name: str) -> str:
        return f"K_{name} = {{'k': {self.constant()}}}\ndef {name}(x): return {self.helper(module)}(x) + K_{name}['k']"

    def partial(self, module: str, name: str) -> str:
        help_ = self.helper(module)
        return f"def _{name}(x, by): return {help_}(x) - by\n{name} = functools.partial(_{name}, by={self.constant()})"

    def lambda_(self, module: str, name: str) -> str:
        return f"{name} = lambda x: {self.helper(module)}(x) % 97 + {self.constant()}"

    def closure(self, module: str, name: str) -> str:
        help_ = self.helper(module)
        return (
            f"def make_{name}(by):\n    def inner(x):\n        return {help_}(x) + by\n    return inner\n"
            f"{name} = make_{name}({self.constant()})"
        )

    def method(self, module: str, name: str) -> str:
        return (
            f"class C_{name}:\n    by = {self.constant()}\n    def run(self, x): return {self.helper(module)}(x) + self.by\n"
            f"{name} = C_{name}().run"
        )

    def inherited(self, module: str, name: str) -> str:
        return (
            f"class B_{name}:\n    def by(self): return {self.constant()}\n"
            f"class C_{name}(B_{name}):\n    def run(self, x): return {self.helper(module)}(x) + self.by()\n"
            f"def {name}(x): return C_{name}().run(x)"
        )

    def registered(self, module: str, name: str) -> str:
        return (
            f"R_{name} = []\ndef reg_{name}(f):\n    R_{name}.append(f)\n    return f\n"
            f"@reg_{name}\ndef _{name}(x): return {self.helper(module)}(x) + {self.constant()}\n"
            f"def {name}(x): return sum(f(x) for f in R_{name})"
        )

    def decorated(self, module: str, name: str) -> str:
        return (
            f"def dec_{name}(f):\n    @functools.wraps(f)\n    def inner(x): return f(x) + {self.constant()}\n"
            f"    return inner\n@dec_{name}\ndef {name}(x): return {self.helper(module)}(x)"
        )

    def comprehension(self, module: str, name: str) -> str:
        return f"def {name}(x): return sum([{self.helper(module)}(y) for y in range({self.constant()})]) + x"

    def set_attribute(self, module: str, name: str) -> str:
        return (
            f"class C_{name}: by = 0\nC_{name}.by = {self.constant()}\n"
            f"def {name}(x): return {self.helper(module)}(x) + C_{name}.by"
        )

    def rebound(self, module: str, name: str) -> str:
        return f"K_{name} = {self.constant()}\nK_{name} = K_{name} + 1\ndef {name}(x): return {self.helper(module)}(x) + K_{name}"

    def dispatched(self, module: str, name: str) -> str:
        return (
            f"@functools.singledispatch\ndef {name}(x): return 0\n"
            f"@{name}.register\ndef _(x: int): return {self.helper(module)}(x) + {self.constant()}"
        )

    def local_import(self, module: str, name: str) -> str:
        if not self.known:
            return self.plain(module, name)
        other, known = self.draw.choice(self.known)
        if other == module:
            return self.plain(module, name)
        return (
            f"def {name}(x):\n    from shop.{other} import {known} as y\n    return y(x) + {self.constant()}"
        )

    def subclass_hook(self, module: str, name: str) -> str:
        return (
            f"class B_{name}:\n    made = []\n    def __init_subclass__(cls): B_{name}.made.append(cls)\n"
            f"class C_{name}(B_{name}):\n    by = {self.constant()}\n"
            f"def {name}(x): return {self.helper(module)}(x) + B_{name}.made[0].by"
        )

    def walrus(self, module: str, name: str) -> str:
        return f"if (K_{name} := {self.constant()}):\n    def {name}(x): return {self.helper(module)}(x) + K_{name}"

    def starred(self, module: str, name: str) -> str:
        made = f"star_{module.replace('.', '_')}_{name}"
        self.lines[made] = [f"K_{name} = {self.constant()}"]
        return f"from shop.{made} import *\ndef {name}(x): return {self.helper(module)}(x) + K_{name}"

    def augmented(self, module: str, name: str) -> str:
        made = f"held_{module.replace('.', '_')}_{name}"
        self.lines[made] = ["HELD = []"]
        return (
            f"import shop.{made}\nfor one in range(2): shop.{made}.HELD += [{self.constant()} + one]\n"
            f"def {name}(x): return {self.helper(module)}(x) + sum(shop.{made}.HELD)"
        )

    def archive(self):
        return of(
            {
                ("pack/__init__.py" if module == "pack" else f"{module.replace('.', '/')}.py"): "\n".join(
                    lines
                )
                for module, lines in self.lines.items()
            }
        )


@pytest.mark.parametrize("seed", range(60))
def test_what_changes_a_result_changes_the_digest(seed):
    before = Program(seed)
    edits = random.Random(seed).sample(range(before.constants), min(4, before.constants))
    programs = [before, *(Program(seed, edit) for edit in edits)]
    archives = [program.archive() for program in programs]
    told: list[list[tuple[object, str]]] = []
    for archive in archives:
        loaded = load(archive)
        flow = loaded.module("flow")
        told.append(
            [(getattr(flow, f"step{n}")(3), reach(archive, "flow", f"step{n}").digest) for n in range(4)]
        )
        loaded.unload()

    for edited in told[1:]:
        for (result, digest), (other_result, other_digest) in zip(told[0], edited, strict=True):
            assert result == other_result or digest != other_digest


def test_generated_programs_reach_little_enough_to_tell_edits_apart():
    """A digest of everything would pass the law above; it must not pass this."""
    spared = total = 0
    for seed in range(30):
        before = Program(seed)
        after = Program(seed, before.constants // 3).archive()
        for n in range(4):
            total += 1
            spared += (
                reach(before.archive(), "flow", f"step{n}").digest == reach(after, "flow", f"step{n}").digest
            )

    assert spared > total / 4
