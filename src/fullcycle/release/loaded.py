"""A release that can decide: its functions, each with everything that it asks for."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec

from fullcycle.data import Row
from fullcycle.kernel import Digest
from fullcycle.record import Artifacts, Codecs, ObjectStore
from fullcycle.release.live import contents, open_live
from fullcycle.release.manifest import Manifest, PinnedLookup

Call = Callable[[Any, Any], Any]


@dataclass(frozen=True, slots=True)
class Policy:
    """A function of a release with everything it asks for: ``call(row, draw)`` decides.

    ``given`` is what it asks for besides the request and a draw, by parameter.
    """

    reference: str
    says: str  # its docstring
    row: type[Row]
    kind: type  # of what it returns: its Row, or list
    promises: str  # the answer's annotation, to be read
    answer: msgspec.json.Decoder[Any]  # checks an encoded answer against its contract
    answer_type: Any
    call: Call
    given: Mapping[str, Any]
    bind: Callable[[Mapping[str, Any]], Call]  # ``call`` with what it is given
    lookups: Mapping[str, type[Row]]  # the contract of each that it asks
    bandits: Mapping[str, type[Row]] = field(default_factory=dict)  # the row that each is asked by

    @property
    def live(self) -> dict[str, type[Row]]:
        """The contract of all that it asks and that is made anew between releases."""
        return {**self.lookups, **self.bandits}

    def over(self, others: Mapping[str, Any]) -> "Policy":
        """The same function, given these instead of what it has of their names."""
        given = {**self.given, **others}
        return replace(self, given=given, call=self.bind(given))


@dataclass(frozen=True, slots=True)
class LoadedRelease:
    """A release that can decide; ``arms`` is empty where no experiment goes out with it.

    ``live`` is the content of each lookup and bandit that it asks: its own until others are published.
    """

    digest: Digest
    manifest: Manifest
    service: Policy
    fallback: Policy | None
    arms: Mapping[str, Policy]
    live: Mapping[str, Digest]
    events: Mapping[str, type[Row]] = field(default_factory=dict)  # by the name that is posted to
    codecs: Codecs = field(default_factory=Codecs)  # that read what is live

    @property
    def row(self) -> type[Row]:
        """The contract of a request."""
        return self.service.row

    @property
    def policies(self) -> dict[str, Policy]:
        """Every function that may answer, by reference."""
        every = [self.service, *([self.fallback] if self.fallback is not None else []), *self.arms.values()]
        return {policy.reference: policy for policy in every}

    def asking(self, objects: ObjectStore, published: Mapping[str, PinnedLookup]) -> "LoadedRelease":
        """The same release over these lookups and bandits, and its own where none of a name is given.

        Raises:
            Missing, Damaged: where one is gone, or is not what was written.
            Invalid: where one is of another contract.
        """
        if not published:
            return self
        artifacts = Artifacts(objects, self.codecs)
        opened = {
            (name, row): open_live(artifacts, name, published[name], row)
            for one in self.policies.values()
            for name, row in one.live.items()
            if name in published
        }
        changed = self.over(
            lambda one: {name: opened[name, row] for name, row in one.live.items() if name in published}
        )
        return replace(changed, live={**self.live, **contents({name: published[name] for name, _ in opened})})

    def over(self, others: Callable[[Policy], Mapping[str, Any]]) -> "LoadedRelease":
        """The same release, each of its functions given what ``others`` says instead of what it has."""
        return self.each(lambda policy: policy.over(others(policy)))

    def each(self, change: Callable[[Policy], Policy]) -> "LoadedRelease":
        """The same release, each of its functions changed, once however often it is named."""
        again = {reference: change(one) for reference, one in self.policies.items()}
        return replace(
            self,
            service=again[self.service.reference],
            fallback=again[self.fallback.reference] if self.fallback is not None else None,
            arms={arm: again[one.reference] for arm, one in self.arms.items()},
        )
