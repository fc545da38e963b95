"""What a service's function asks for, told by the annotations of its parameters."""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, get_args, get_origin, get_type_hints

from fullcycle.data import Lookup, Row
from fullcycle.feature import Bandit, Draw, Model
from fullcycle.kernel import Invalid


@dataclass(frozen=True, slots=True)
class Signature:
    """A policy's request, its answer, and everything else it is given, by parameter.

    ``models`` and ``families`` hold the row of features that a model, or each model of a
    ``dict[str, Model[…]]``, is asked by, ``lookups`` the contract of what is asked by key, and is
    live: made anew between releases. So is a bandit; ``bandits`` hold the row that each is asked
    by. ``values`` are what other steps returned,
    ``parameters`` are keyword-only and frozen by the release; both hold the annotation.
    """

    row: type[Row]
    answer: Any  # a Row, or list[Row]
    models: Mapping[str, type[Row]]
    families: Mapping[str, type[Row]]
    lookups: Mapping[str, type[Row]]
    bandits: Mapping[str, type[Row]]
    draws: tuple[str, ...]
    values: Mapping[str, Any]
    parameters: Mapping[str, Any]
    defaults: Mapping[str, Any]  # of the parameters that have one

    @property
    def steps(self) -> tuple[str, ...]:
        """The steps of the flow that it needs results of."""
        return (*self.models, *self.families, *self.live, *self.values)

    @property
    def live(self) -> dict[str, type[Row]]:
        """What is made anew between releases: by parameter, its contract."""
        return {**self.lookups, **self.bandits}


def read_signature(function: Callable[..., Any], reference: str) -> Signature:
    """Read what a service's function asks for; ``reference`` names it in errors.

    Raises:
        Invalid: where the first parameter is no Row, the answer neither a Row nor a list of
            Rows, or a parameter says nothing of its type, or a lookup or bandit nothing of its rows.
    """
    plain = inspect.unwrap(function)
    hints = _hints(plain, reference)
    positional = [
        p for p in inspect.signature(plain).parameters.values() if p.kind is p.POSITIONAL_OR_KEYWORD
    ]
    frozen = [p for p in inspect.signature(plain).parameters.values() if p.kind is p.KEYWORD_ONLY]
    for parameter in inspect.signature(plain).parameters.values():
        if parameter not in (*positional, *frozen):
            raise _unclear(
                reference, f"its parameter {parameter} cannot be wired by name", "give it a plain name"
            )
        if parameter.name not in hints:
            raise _unclear(reference, f"its parameter {parameter.name!r} has no annotation", "annotate it")
    if not positional or not _is_row(hints[positional[0].name]):
        raise _unclear(reference, "its first parameter is not a Row", "annotate the request with a Row")
    answer = hints.get("return")
    if not (_is_row(answer) or _row_of_list(answer)):
        raise _unclear(
            reference, f"it returns {_named(answer)}", "annotate what it returns: a Row or a list of Rows"
        )
    asked = {parameter.name: hints[parameter.name] for parameter in positional[1:]}
    models = {name: get_args(kind)[0] for name, kind in asked.items() if get_origin(kind) is Model}
    families = {name: get_args(get_args(kind)[1])[0] for name, kind in asked.items() if _is_family(kind)}
    lookups = {name: _contract(name, kind, reference) for name, kind in asked.items() if _is(Lookup, kind)}
    bandits = {name: _contract(name, kind, reference) for name, kind in asked.items() if _is(Bandit, kind)}
    draws = tuple(name for name, kind in asked.items() if kind is Draw)
    return Signature(
        row=hints[positional[0].name],
        answer=answer,
        models=models,
        families=families,
        lookups=lookups,
        bandits=bandits,
        draws=draws,
        values={
            name: kind
            for name, kind in asked.items()
            if name not in {*models, *families, *lookups, *bandits, *draws}
        },
        parameters={parameter.name: hints[parameter.name] for parameter in frozen},
        defaults={p.name: p.default for p in frozen if p.default is not p.empty},
    )


def together(every: Mapping[str, Signature]) -> Signature:
    """What the functions of one capability ask for, by reference, as if one asked for all of it.

    Request, answer and draws are those of the first.

    Raises:
        Invalid: where two ask for different things by one name, or freeze different values.
    """
    reference, first = next(iter(every.items()))
    found: dict[str, dict[str, Any]] = {kind: dict(getattr(first, kind)) for kind in _KINDS}
    asked = {name: (reference, kind, told) for kind in _KINDS for name, told in found[kind].items()}
    defaults = dict(first.defaults)
    for other, signature in every.items():
        for kind in _KINDS:
            for name, told in getattr(signature, kind).items():
                before = asked.setdefault(name, (other, kind, told))
                if before[1:] != (kind, told):
                    raise _unclear(
                        other,
                        f"it asks for {name} as {_said(kind, told)}, and {before[0]} as {_said(*before[1:])}",
                        "let all functions of the capability annotate it alike, or give it another name",
                    )
                found[kind][name] = told
        for name, value in signature.defaults.items():
            if defaults.setdefault(name, value) != value:
                raise _unclear(
                    other,
                    f"its parameter {name} is {value!r}, and {defaults[name]!r} in {reference}",
                    "a release freezes one value of a name: give it the same, or another name",
                )
    every_kind: dict[str, Any] = {**found, "defaults": defaults}
    return replace(first, **every_kind)


_KINDS = ("models", "families", "lookups", "bandits", "values", "parameters")


def _said(kind: str, told: Any) -> str:
    called = {
        "models": "a model by",
        "families": "models by",
        "lookups": "a lookup of",
        "bandits": "a bandit by",
    }
    return f"{called.get(kind, 'a parameter of' if kind == 'parameters' else 'a value of')} {_named(told)}"


def _hints(function: Callable[..., Any], reference: str) -> dict[str, Any]:
    try:
        return get_type_hints(function)
    except NameError as error:
        raise _unclear(
            reference, f"an annotation of it cannot be read: {error}", "import that name at the top"
        ) from error


def _is_family(kind: Any) -> bool:
    return get_origin(kind) is dict and get_args(kind)[0] is str and get_origin(get_args(kind)[1]) is Model


def _is(generic: Any, kind: Any) -> bool:
    return kind is generic or get_origin(kind) is generic


def _contract(name: str, kind: Any, reference: str) -> type[Row]:
    """The contract of a ``Lookup[Taste]``, or of a ``Bandit[Context]``."""
    (contract,) = get_args(kind) or (None,)
    if not _is_row(contract):
        such_as = "fc.Lookup[Taste]" if _is(Lookup, kind) else "fc.Bandit[Context]"
        raise _unclear(
            reference, f"its parameter {name!r} says not of which rows it is", f"annotate it {such_as}"
        )
    kept: type[Row] = contract
    return kept


def _is_row(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, Row)


def _row_of_list(kind: Any) -> bool:
    return get_origin(kind) is list and _is_row(get_args(kind)[0])


def _named(kind: Any) -> str:
    return kind.__name__ if isinstance(kind, type) else str(kind)


def _unclear(reference: str, what: str, mend: str) -> Invalid:
    return Invalid(f"{reference} cannot be released: {what}", reference, mend)
