"""Where two artifacts that should be the same differ, and what may have made them differ."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import msgspec

from fullcycle.code import Symbol, changed
from fullcycle.data import fields, first_difference, text_difference
from fullcycle.flow import StepFinished
from fullcycle.kernel import Damaged, FullcycleError, Missing, counted
from fullcycle.record import Artifact, Artifacts
from fullcycle.wiring.details import is_family, tables_of
from fullcycle.wiring.flow import Flow
from fullcycle.wiring.project import Project

_UNSEEN = "its stored form differs, and nothing that a comparison shows"


@dataclass(frozen=True)
class Differences:
    """Artifacts of a project beside those of a folder in which one of its runs was replayed."""

    project: Project
    home: Project
    flow: Flow

    def where(self, was: Artifact, now: Artifact) -> str:
        """The first place in which two artifacts differ."""
        if is_family(was) and is_family(now):
            return self._in_family(was, now)
        try:
            before = self._then.load(was)  # by name, as in JudgedModel.contender
            after = self._now.load(now)
        except (Missing, Damaged):
            return "what it returned then is kept no longer"
        except FullcycleError as error:
            return error.what
        if type(before) is not type(after):
            return f"a {type(before).__name__} → a {type(after).__name__}"
        return self._of_values(before, after) or self._of_bytes(was, now)

    def suspects(self, was: StepFinished, now: StepFinished) -> list[str]:
        """What of the step's code, files, variables and libraries is not as it was."""
        if was.code == now.code:
            return []
        kept = [(self.project.objects, was.reach), (self.home.objects, now.reach)]
        if any(digest is None or not objects.has(digest) for objects, digest in kept):
            return ["what it stands on changed"]
        before, after = (
            msgspec.json.decode(objects.get(str(digest)), type=dict[str, Symbol]) for objects, digest in kept
        )
        return changed(before, after) or ["its libraries or fullcycle itself changed"]

    def _in_family(self, was: Artifact, now: Artifact) -> str:
        try:
            before, after = self._then.parts(was), self._now.parts(now)
        except (Missing, Damaged):
            return "what it returned then is kept no longer"
        parts, others = dict(before.items()), dict(after.items())
        if list(parts) != list(others):
            return first_difference(list(parts), list(others)) or "its parts have other names"
        differing = [key for key in parts if parts[key].content != others[key].content]
        if not differing:
            return _UNSEEN
        first = differing[0]
        more = f" ({len(differing):,} of {counted(len(parts), 'part')} differ)" if len(parts) > 1 else ""
        return f"[{first!r}] {self.where(parts[first], others[first])}{more}"

    def _of_values(self, was: Any, now: Any) -> str:
        tables, others = tables_of(was), tables_of(now)
        for part, table in tables.items():
            if part in others and (told := first_difference(table, others[part], self._hidden)):
                return f"{part}: {told}" if part else told
        plain = isinstance(was, dict | list | tuple | str | int | float | bool | None)
        return first_difference(was, now, self._hidden) if plain or hasattr(was, "dtype") else ""

    def _of_bytes(self, was: Artifact, now: Artifact) -> str:
        """The first line of the stored form that differs, or the first byte of what is no text."""
        try:
            before, after = (
                objects.get(one.object)
                for objects, one in ((self.project.objects, was), (self.home.objects, now))
            )
        except (Missing, Damaged):
            return _UNSEEN
        try:
            return text_difference(before.decode(), after.decode()) or _UNSEEN
        except UnicodeDecodeError:
            pairs = enumerate(zip(before, after, strict=False))
            at = next((n for n, (a, b) in pairs if a != b), min(len(before), len(after)))
            return f"byte {at:,} of its stored form, {len(before):,} → {counted(len(after), 'byte')}"

    @cached_property
    def _then(self) -> Artifacts:
        return Artifacts(self.project.objects, self.flow.artifacts.codecs)

    @cached_property
    def _now(self) -> Artifacts:
        return self.flow.artifacts

    @cached_property
    def _hidden(self) -> set[str]:
        """The columns that any contract of the flow calls personal."""
        contracts = [getattr(node.declared, "contract", None) for node in self.flow.graph.nodes.values()]
        return {field.name for one in contracts if one is not None for field in fields(one) if field.personal}
