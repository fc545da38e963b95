"""The schemas of a release's contracts, with what their comments say and an example of each field."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, get_args

import msgspec

from fullcycle.data import Field, Row, comments, fields
from fullcycle.release import GoldenRow, LoadedRelease
from fullcycle.serve.explanation import Explanation
from fullcycle.serve.problem import Problem

PERSONAL = "x-personal"
"""The key in a field's schema that says the field is about a person."""

_PREFIX = "#/components/schemas/"


class Documented:
    """The named schemas of a release: of its row, its answer, its problems and explanations.

    ``example`` is a request that it answers, personal fields made up; None where none can be.
    ``answered`` is what it answers that, None where that is personal; ``posted`` are the events
    that it takes, by name.
    """

    def __init__(self, release: LoadedRelease, golden: GoldenRow | None) -> None:
        kinds = [release.row, release.service.answer_type, Problem, Explanation, *release.events.values()]
        told, self.schemas = msgspec.json.schema_components(kinds, ref_template=_PREFIX + "{name}")
        self.row, self.answer, self.problem, self.explanation, *posted = told
        self.posted = dict(zip(release.events, posted, strict=True))
        request = None if golden is None else golden.request
        self.example = None if request is None else made_up_where_personal(release.row, request)
        self.answered = None if golden is None else golden.answers.get(release.service.reference)
        answer = _row_of(release.service.answer_type)
        if any(field.personal for field in fields(answer)):
            self.answered = None
        self._describe(release.row, self.row, self.example or {})
        if answer is not release.row:
            items = self.answer.get("items", self.answer)
            self._describe(answer, items, {})
        for contract, schema in {
            one: self.posted[name] for name, one in release.events.items() if one not in (release.row, answer)
        }.items():
            self._describe(contract, schema, {})

    def _describe(
        self, contract: type[Row], reference: Mapping[str, str], example: Mapping[str, Any]
    ) -> None:
        """Add to a contract's schema what comments say, what is personal, and an example of each field."""
        schema = self.schemas[reference["$ref"].removeprefix(_PREFIX)]
        said = comments(contract)
        if "" in said:
            schema["description"] = said[""]
        for field in fields(contract):
            told = schema["properties"][field.name]
            if text := _said(field, said.get(field.name, "")):
                told["description"] = text
            if field.personal:
                told[PERSONAL] = True
            if field.name in example:
                told["examples"] = [example[field.name]]
            if field.choices is not None:
                _in_order(told, field)
            if datetime in (field.type, field.item):
                _as_instants(told)
            if int in (field.type, field.item):
                _in_64_bits(told)


def named(name: str, schemas: dict[str, Any], schema: dict[str, Any]) -> dict[str, str]:
    """Keep a schema under a name that no contract has; give the reference to it."""
    while name in schemas:
        name += "_"
    schemas[name] = schema
    return {"$ref": f"{_PREFIX}{name}"}


def made_up_where_personal(contract: type[Row], example: Mapping[str, Any]) -> dict[str, Any] | None:
    """The example with made-up values in its personal fields; None where one has to fit a pattern."""
    told = dict(example)
    for field in fields(contract):
        if field.personal and field.name in told:
            if field.pattern is not None and not field.optional:
                return None
            told[field.name] = _made_up(field)
    return told


_JSON_TYPES = {bool: "boolean", int: "integer", float: "number", str: "string"}
_PLAIN: dict[Any, Any] = {bool: False, date: "1970-01-01", datetime: "1970-01-01T00:00:00Z"}


def _made_up(field: Field) -> Any:
    """The least that a field may hold: nobody's."""
    if field.optional:
        return None
    if field.choices is not None:
        return field.choices[0]
    if field.type is list:
        return [_least(field.item, field)] * (field.length or 0)
    return _least(field.type, field)


def _least(kind: type | None, field: Field) -> Any:
    if kind in (int, float):
        low = field.low if field.low is not None else min(0, field.high) if field.high is not None else 0
        return int(low) if kind is int else float(low)
    if kind is str:
        return "x" * (field.length or 1) if field.type is str else "x"
    return _PLAIN[kind]


def _in_order(schema: dict[str, Any], field: Field) -> None:
    """List a field's choices as its ``Literal`` does, and say of which type they are."""
    for form in (schema, *schema.get("anyOf", ())):
        if "enum" in form:
            none = [None] if None in form["enum"] else []
            form["enum"] = [*(field.choices or ()), *none]
            if not none:
                form["type"] = _JSON_TYPES[field.type]


def _as_instants(schema: dict[str, Any]) -> None:
    """Say that text is a date with a time, which msgspec says only where a zone is demanded."""
    for form in (schema, *schema.get("anyOf", ())):
        target = form.get("items", form)
        if target.get("type") == "string":
            target["format"] = "date-time"


def _in_64_bits(schema: dict[str, Any]) -> None:
    """Say that a whole number has 64 bits, where its bounds do not."""
    for form in (schema, *schema.get("anyOf", ())):
        target = form.get("items", form)
        if target.get("type") == "integer" and not {"minimum", "maximum"} <= target.keys():
            target["format"] = "int64"


def _said(field: Field, comment: str) -> str:
    """A field's comment, and what its schema cannot say."""
    zone = "UTC where no zone is given" if field.type is datetime else ""
    return "; ".join(filter(None, [comment, zone]))


def _row_of(kind: Any) -> type[Row]:
    """The contract of an answer, which is a Row or a list of Rows."""
    row: type[Row] = kind if isinstance(kind, type) else get_args(kind)[0]
    return row
