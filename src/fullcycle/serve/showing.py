"""What is shown of the values of a decision: plain data, personal fields masked."""

from collections.abc import Iterable
from typing import Any

import msgspec

from fullcycle.data import MASK, Row, fields
from fullcycle.feature import columns
from fullcycle.release import LoadedRelease
from fullcycle.serve.explanation import Feature

_LONG = 80  # characters of what is no plain data


class Shown:
    """Turns values into what may be shown.

    A field is masked where its contract calls it personal, or where one of ``names`` is its name:
    what a feature row copies from a request is as personal there. None shows everything.
    """

    def __init__(self, names: frozenset[str] | None) -> None:
        self._names = names

    @classmethod
    def of(cls, release: LoadedRelease, *, reveal: bool) -> "Shown":
        """What may be shown of a release's decisions; ``reveal`` shows personal fields, too."""
        return cls(None if reveal else _personal(release))

    def __call__(self, value: Any, name: str = "", *, personal: bool = False) -> Any:
        """``value`` as plain data; ``name`` is the field that holds it, if one does."""
        if self._names is not None and value is not None and (personal or name in self._names):
            return MASK
        if isinstance(value, Row):
            return {
                f.name: self(getattr(value, f.name), f.name, personal=f.personal) for f in fields(type(value))
            }
        if isinstance(value, dict):
            return {str(key): self(each, str(key)) for key, each in value.items()}
        if isinstance(value, (list, tuple)):
            return [self(each) for each in value]
        try:
            return msgspec.to_builtins(value)
        except TypeError:
            return str(value)[:_LONG]

    def features(self, row: Any, numbers: Iterable[float]) -> tuple[Feature, ...]:
        """What a model saw, one for each of the ``numbers`` that its row became."""
        if not isinstance(row, Row):
            return tuple(Feature(f"feature {n}", number) for n, number in enumerate(numbers))
        found: list[Feature] = []
        for field in fields(type(row)):
            value, names = getattr(row, field.name), columns(field)
            parts = value if field.type is list else [value]
            found += [
                Feature(name, self(part, field.name, personal=field.personal))
                for name, part in zip(names, parts, strict=True)
            ]
        return tuple(found)


def _personal(release: LoadedRelease) -> frozenset[str]:
    """The names of all fields that a contract of the request, the answer or a lookup calls personal."""
    contracts = [release.row]
    for policy in release.policies.values():
        contracts += [policy.row, *policy.live.values()]
        contracts += [part for part in (policy.answer_type, *_items(policy.answer_type)) if _is_row(part)]
    return frozenset(field.name for one in contracts for field in fields(one) if field.personal)


def _items(kind: Any) -> tuple[Any, ...]:
    items: tuple[Any, ...] = getattr(kind, "__args__", ())
    return items


def _is_row(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, Row)
