"""Which edit is a step's affair, and which is not: a matrix, and faults that it must catch."""

from collections.abc import Callable, Iterator, Mapping

import pytest

from edited_shop import EDITS, STEPS, digests, edited, forget_everything, sources, steps_of
from fullcycle.code import canonical, changed, effects, module, project, reach, reaching, scope, walk
from fullcycle.code.statement import Statement
from small_projects import of

BASE = digests(of(sources()))


@pytest.mark.parametrize("name", EDITS)
def test_an_edit_is_the_affair_of_exactly_these_steps(name):
    path, old, new, expected = EDITS[name]

    after = digests(edited(path, old, new))

    assert {step for step in STEPS if after[step] != BASE[step]} == steps_of(expected)


@pytest.mark.parametrize("name", EDITS)
def test_whatever_changed_can_be_told(name):
    path, old, new, expected = EDITS[name]
    before, after = of(sources()), edited(path, old, new)

    told = {
        step: changed(reach(before, "flow", step).symbols, reach(after, "flow", step).symbols)
        for step in STEPS
    }

    assert {step for step, lines in told.items() if lines} == steps_of(expected)


# deliberate faults in the digester: each must be caught by some edit


def forget(attribute: str) -> Callable[[pytest.MonkeyPatch], None]:
    """A reader that does not look at one kind of node."""
    return lambda patch: patch.setattr(scope._Reader, attribute, lambda self, node: None)


def leave_out(field: str) -> Callable[[pytest.MonkeyPatch], None]:
    """A canonical form without one field of every node."""
    return lambda patch: patch.setattr(canonical, "_LEFT_OUT", canonical._LEFT_OUT | {field})


def swap(owner: object, name: str, value: object) -> Callable[[pytest.MonkeyPatch], None]:
    return lambda patch: patch.setattr(owner, name, value)


def _leave(reader, outer) -> None:
    outer.uses.extend(reader.scope.uses)
    reader.scope = outer


FAULTS: Mapping[str, Callable[[pytest.MonkeyPatch], None]] = {
    "attributes are not followed": forget("_attribute"),
    "comprehensions are not read": forget("_listcomp"),
    "lambdas are not read": forget("_lambda"),
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
    "a local is taken for a global": swap(scope._Reader, "leave", _leave),
}


@pytest.fixture
def fresh() -> Iterator[None]:
    forget_everything()
    yield
    forget_everything()


@pytest.mark.parametrize("fault", FAULTS)
def test_the_matrix_catches_a_fault(fault, fresh, monkeypatch):
    FAULTS[fault](monkeypatch)

    assert any(_is_caught(*edit) for edit in EDITS.values())


def _is_caught(path: str, old: str, new: str, expected: str | frozenset[str]) -> bool:
    try:
        before, after = digests(of(sources())), digests(edited(path, old, new))
    except Exception:  # noqa: BLE001 - a digester that breaks is caught, too
        return True
    return {step for step in STEPS if after[step] != before[step]} != steps_of(expected)
