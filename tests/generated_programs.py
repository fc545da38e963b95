# ruff: noqa: E501 - texts of programs
"""Generated programs: constants spread over modules that reach each other in many ways."""

import random
from collections.abc import Callable

from fullcycle.code import Archive
from small_projects import of

STEPS = 4
MODULES = ("a", "b", "pack.c", "pack.d")


class Program:
    """Source files with numbered constants; ``edit`` is the number of the one that is other.

    A ``quiet`` program changes nothing but its own names when it is imported. ``stands_on``
    maps each function to those that it calls, ``home`` each constant to its function: what
    an exact digest has to tell apart, known from the making and not from reading the text.
    """

    def __init__(
        self, seed: int, edit: int | None = None, *, quiet: bool = False, steps: bool = False
    ) -> None:
        self.draw = random.Random(seed)
        self.edit = edit
        self.quiet = quiet
        self.current = ("", "")
        self.stands_on: dict[tuple[str, str], set[tuple[str, str]]] = {}
        self.home: list[tuple[str, str]] = []
        self.constants = 0
        self.aliases = 0
        self.lines: dict[str, list[str]] = {"pack": [], "flow": []}
        self.known: list[tuple[str, str]] = []  # module and name of a function of one number
        for module in MODULES:
            self.lines[module] = ["import functools"]
            for n in range(self.draw.randint(2, 4)):
                self.add(module, f"f{n}")
        self.lines["flow"].append("import functools\nimport fullcycle as fc")
        for n in range(STEPS):
            self.add("flow", f"g{n}" if steps else f"step{n}")
            if steps:
                self.stands_on["flow", f"step{n}"] = {("flow", f"g{n}")}
                given = f"step{n - 1}" if n else ""
                self.lines["flow"].append(
                    f"@fc.step\ndef step{n}({given}{': int' if n else ''}) -> int:\n"
                    f"    return g{n}({given or 3}) % 997"
                )

    def affected(self) -> set[str]:
        """The functions of the flow that call, at whatever distance, the one that is edited."""
        assert self.edit is not None
        return {name for module, name in self.stands_on if module == "flow" and self.reaches(module, name)}

    def reaches(self, module: str, name: str) -> bool:
        """Whether a function is the edited one, or calls it."""
        seen, waiting = set(), [(module, name)]
        while waiting:
            if (one := waiting.pop()) not in seen:
                seen.add(one)
                waiting.extend(self.stands_on[one])
        return self.home[self.edit] in seen

    def constant(self) -> str:
        """A small number, another one where the program is edited."""
        number = self.draw.randint(1, 9) + (10 if self.constants == self.edit else 0)
        self.home.append(self.current)
        self.constants += 1
        return str(number)

    def either(self, one: str, other: str) -> str:
        """One name, another one where the program is edited here."""
        self.home.append(self.current)
        self.constants += 1
        return other if self.constants - 1 == self.edit else one

    def helper(self, module: str) -> str:
        """An expression for a function made before, and the import that it needs."""
        if not self.known or self.draw.random() < 0.15:
            return "abs"
        other, name = self.draw.choice(self.known)
        self.stands_on[self.current].add((other, name))
        if other == module:
            return name
        package, _, last = f"shop.{other}".rpartition(".")
        self.aliases += 1
        alias = f"{last}_{self.aliases}"
        forms = [
            (f"from shop.{other} import {name} as {alias}", alias),
            (f"import shop.{other} as {alias}", f"{alias}.{name}"),
            (f"import shop.{other}", f"shop.{other}.{name}"),
            (f"from {package} import {last} as {alias}", f"{alias}.{name}"),
            (f"try:\n    from shop.nowhere import {name} as {alias}\nexcept ImportError:\n"
             f"    from shop.{other} import {name} as {alias}", alias),
            (f"{'' if module in MODULES[:2] else 'from shop import pack'}\n"  # which imports from those
             f"import shop.{other}\nfrom shop.{other} import {name} as {alias}", alias),
            ("re-export", alias),
        ]  # fmt: skip
        if not self.quiet:  # a call in a default is taken to act
            forms.append(("", f"__import__('shop.{other}', fromlist=['{name}']).{name}"))
            forms.append((f"import shop.{other} as {alias}", f"getattr({alias}, '{name}')"))
        form, expression = self.draw.choice(forms)
        if form == "re-export" and package == "shop.pack":
            another = next(known for home, known in self.known if home == other)
            self.stands_on[self.current].add((other, another))
            one = f"{name} as {alias}, {another} as {alias}_b"
            swapped = f"{another} as {alias}, {name} as {alias}_b"
            exported = self.either(one, swapped) if name != another else one
            self.lines["pack"].append(f"from shop.{other} import {exported}")
            form = (
                f"from shop.pack import {alias}, {alias}_b\n"
                f"def both_{alias}(x): return {alias}(x) - 2 * {alias}_b(x)"
            )
            expression = f"both_{alias}"
        elif form == "re-export":
            form = f"from shop.{other} import {name} as {alias}"
        self.lines[module].append(form)
        return expression

    def add(self, module: str, name: str) -> None:
        """One more function, in one of many forms."""
        quiet: list[Callable[[str, str], str]] = [
            self.plain, self.default, self.global_constant, self.partial, self.lambda_, self.closure,
            self.method, self.inherited, self.decorated, self.comprehension, self.rebound, self.local_import,
            self.walrus, self.starred, self.recursive,
        ]  # fmt: skip
        loud = [
            self.registered,
            self.bound_method,
            self.set_attribute,
            self.dispatched,
            self.subclass_hook,
            self.augmented,
        ]
        form = self.draw.choice(quiet if self.quiet else quiet + loud)
        self.current = (module, name)
        self.stands_on[self.current] = set()
        self.lines[module].append(form(module, name))
        self.known.append((module, name))

    def plain(self, module: str, name: str) -> str:
        return f"def {name}(x): return {self.helper(module)}(x) + {self.constant()}"

    def default(self, module: str, name: str) -> str:
        return f"def {name}(x, by={self.constant()}, *, go={self.helper(module)}, off={self.constant()}): return go(x) * by + off"

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
            f"class C_{name}:\n    by = {self.constant()}\n"
            f"    def run(self, x): return {self.helper(module)}(x) + self.by\n"
            f"O_{name} = C_{name}()\ndef {name}(x): return O_{name}.run(x)"
        )

    def bound_method(self, module: str, name: str) -> str:
        return (
            f"class C_{name}:\n    by = {self.constant()}\n"
            f"    def run(self, x): return {self.helper(module)}(x) + self.by\n"
            f"{name} = C_{name}().run"
        )

    def inherited(self, module: str, name: str) -> str:
        bases = f"A_{name}, B_{name}", f"B_{name}, A_{name}"
        return (
            f"class A_{name}:\n    def by(self): return {self.constant()}\n"
            f"class B_{name}:\n    def by(self): return 17\n"
            f"class C_{name}({self.either(*bases)}):\n"
            f"    def run(self, x): return {self.helper(module)}(x) + self.by()\n"
            f"def {name}(x): return C_{name}().run(x)"
        )

    def registered(self, module: str, name: str) -> str:
        return (
            f"R_{name} = []\ndef reg_{name}(f):\n    R_{name}.append(f)\n    return f\n"
            f"@reg_{name}\ndef _{name}(x): return {self.helper(module)}(x) + {self.constant()}\n"
            f"def {name}(x): return sum(f(x) for f in R_{name})"
        )

    def decorated(self, module: str, name: str) -> str:
        decorators = f"@dec_{name}\n@two_{name}", f"@two_{name}\n@dec_{name}"
        return (
            f"def dec_{name}(f):\n    @functools.wraps(f)\n    def inner(x): return f(x) + {self.constant()}\n"
            f"    return inner\ndef two_{name}(f):\n    return lambda x: 2 * f(x)\n"
            f"{self.either(*decorators)}\ndef {name}(x): return {self.helper(module)}(x)"
        )

    def comprehension(self, module: str, name: str) -> str:
        return f"def {name}(x): return sum([{self.helper(module)}(y) for y in range({self.constant()})]) + x"

    def set_attribute(self, module: str, name: str) -> str:
        return (
            f"class C_{name}: by = 0\nC_{name}.by = {self.constant()}\n"
            f"def {name}(x): return {self.helper(module)}(x) + C_{name}.by"
        )

    def rebound(self, module: str, name: str) -> str:
        return f"K_{name} = {self.constant()}\nK_{name} = K_{name} + {self.constant()}\ndef {name}(x): return {self.helper(module)}(x) + K_{name}"

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
        self.stands_on[self.current].add((other, known))
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

    def recursive(self, module: str, name: str) -> str:
        help_, by = self.helper(module), self.constant()
        return (
            f"def {name}(x, deep=2): return {help_}(x) if deep == 0 else _{name}(x, deep) + {by}\n"
            f"def _{name}(x, deep): return {name}(x + 1, deep - 1)"
        )

    def starred(self, module: str, name: str) -> str:
        made = f"star_{module.replace('.', '_')}_{name}"
        self.lines[made] = [f"from shop.{made}_too import *"]
        self.lines[f"{made}_too"] = [f"K_{name} = {self.constant()}"]
        return f"from shop.{made} import *\ndef {name}(x): return {self.helper(module)}(x) + K_{name}"

    def augmented(self, module: str, name: str) -> str:
        made = f"held_{module.replace('.', '_')}_{name}"
        self.lines[made] = ["HELD = []"]
        return (
            f"import shop.{made}\nfor one in range(2): shop.{made}.HELD += [{self.constant()} + one]\n"
            f"def {name}(x): return {self.helper(module)}(x) + sum(shop.{made}.HELD)"
        )

    def archive(self) -> Archive:
        """The program's files."""
        return of(
            {
                ("pack/__init__.py" if module == "pack" else f"{module.replace('.', '/')}.py"): "\n".join(
                    lines
                )
                for module, lines in self.lines.items()
            }
        )
