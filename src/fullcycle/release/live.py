"""Live lookups and bandits: what was published for an environment since, beside what its release pins.

A release pins the contract of each, and holds as its first content what its own run made.
``live/<capability>/<environment>`` holds what was published after it, newest last. A release
takes the newest of the same contract, if that was published when the release was there
already, or was made by a later run than its own: else its own content is the newer one.
"""

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from fullcycle.data import Row, ServedLookup, contract_digest, schema, verify_index
from fullcycle.kernel import Damaged, Digest, Invalid, Missing, later
from fullcycle.record import Artifacts, Fact, Ledger, ObjectStore, fact
from fullcycle.release.manifest import Manifest, PinnedLookup

if TYPE_CHECKING:
    import fullcycle.bandit as bandits
else:
    bandits = later("fullcycle.bandit")  # most services have none


@fact("lookup.published")
class LookupPublished(msgspec.Struct, frozen=True, kw_only=True):
    """A lookup, or a bandit, was made anew, for the services of an environment to ask from now on."""

    parameter: str
    lookup: PinnedLookup
    run: int  # that made it
    releases: int  # how many there were
    why: str = ""


@dataclass(frozen=True, slots=True)
class Live:
    """The lookup, or bandit, that a service asks by one of its parameters.

    ``at`` (µs since 1970 UTC) and ``by`` say when it was published and by whom; None and
    empty for what the release itself holds.
    """

    parameter: str
    lookup: PinnedLookup
    run: int
    at: int | None = None
    by: str = ""
    why: str = ""


def live_stream(capability: str, environment: str) -> str:
    """The stream of what is published for an environment."""
    return f"live/{capability}/{environment}"


def publications(ledger: Ledger, capability: str, environment: str) -> list[Fact]:
    """All that was ever published there, oldest first."""
    return ledger.read(live_stream(capability, environment))


def newest(facts: Iterable[Fact]) -> tuple[LookupPublished, ...]:
    """The newest publication of each parameter and contract."""
    found: dict[tuple[str, Digest], LookupPublished] = {}
    for one in facts:
        found[one.body.parameter, one.body.lookup.contract] = one.body
    return tuple(found.values())


class Publications:
    """What was published for an environment, followed: what was read once is not read again."""

    def __init__(self, ledger: Ledger, capability: str, environment: str) -> None:
        self._ledger = ledger
        self._stream = live_stream(capability, environment)
        self._found: dict[tuple[str, Digest], LookupPublished] = {}
        self._read = 0
        self._alone = threading.Lock()

    def newest(self, until: int) -> tuple[LookupPublished, ...]:
        """The newest publication of each parameter and contract, up to a position of the stream."""
        with self._alone:
            if until < self._read:  # who asks is behind
                return newest(one for one in self._ledger.read(self._stream) if one.position <= until)
            if until > self._read:
                for one in self._ledger.read(self._stream, since=self._read):
                    if one.position <= until:
                        self._found[one.body.parameter, one.body.lookup.contract] = one.body
                self._read = until
            return tuple(self._found.values())


def chosen(
    manifest: Manifest, number: int, published: Iterable[LookupPublished]
) -> dict[str, LookupPublished]:
    """Of what was published, newest last, what release ``number`` asks instead of its own content."""
    found = {}
    for one in published:
        pinned = manifest.lookups.get(one.parameter)
        if pinned is not None and pinned.contract == one.lookup.contract:
            found[one.parameter] = one
    return {name: one for name, one in found.items() if one.releases >= number or one.run > manifest.run}


def live_lookups(manifest: Manifest, number: int, facts: Iterable[Fact]) -> dict[str, Live]:
    """What release ``number`` asks by each parameter, these being the facts of its environment."""
    told = list(facts)
    by_body = {id(one.body): one for one in told}
    taken = chosen(manifest, number, [one.body for one in told])
    found = {name: Live(name, pinned, manifest.run) for name, pinned in manifest.lookups.items()}
    for name, body in taken.items():
        one = by_body[id(body)]
        found[name] = Live(name, body.lookup, body.run, one.at, one.by, body.why)
    return found


def asked_then(
    manifest: Manifest, facts: Iterable[Fact], live: Mapping[str, Digest]
) -> dict[str, PinnedLookup]:
    """The lookups that a decision could ask, by what it logged as ``live``.

    Raises:
        Missing: where one was neither pinned nor published.
    """
    known = {(name, one.artifact.content): one for name, one in manifest.lookups.items()}
    known |= {(one.body.parameter, one.body.lookup.artifact.content): one.body.lookup for one in facts}
    found = {}
    for name, content in live.items():
        if (name, content) not in known:
            raise Missing(
                f"what {name} held as {content[:12]} was never published here",
                "the facts of what is live",
                "see that the ledger was restored whole",
            )
        found[name] = known[name, content]
    return found


def still_needed(facts: Iterable[Fact], since: int) -> list[Fact]:
    """The publications that count now, or that nothing had taken the place of by ``since``.

    ``since`` is in µs since 1970 UTC. What only older ones name need not be kept.
    """
    told = list(facts)
    taken: dict[tuple[str, Digest], int] = {}  # when the next one of the same place came
    needed = []
    for one in reversed(told):
        place = one.body.parameter, one.body.lookup.contract
        if taken.get(place, since) >= since:
            needed.append(one)
        taken[place] = one.at
    return needed[::-1]


def open_live(artifacts: Artifacts, name: str, pinned: PinnedLookup, contract: type[Row]) -> Any:
    """A lookup, or a bandit, that was pinned or published, ready to be asked by rows of ``contract``.

    Raises:
        Missing, Damaged: where it is gone, or is not what was written.
        Invalid: where it is of another contract than the service asks by.
    """
    if not pinned.is_bandit:
        return open_lookup(artifacts.objects, name, pinned, contract)
    require_contract(name, pinned, contract)
    bandit: bandits.LearntBandit[Any] = artifacts.load(pinned.artifact)
    stored = artifacts.objects.get(pinned.artifact.object)
    if bandits.BanditCodec().content(bandit, stored) != pinned.artifact.content:
        raise Damaged(
            f"the bandit {name} is not what was learnt",
            f"artifact {pinned.artifact.content[:12]}…",
            "restore the folder of artifacts from a backup, or publish it anew: fullcycle refresh",
        )
    return bandit.of(contract)


def open_lookup(
    objects: ObjectStore, name: str, pinned: PinnedLookup, contract: type[Row]
) -> ServedLookup[Any]:
    """A lookup that was pinned or published, ready to be asked; every byte of it is verified.

    Raises:
        Missing, Damaged: where its index is gone, or is not what was written.
        Invalid: where it is of another contract than the service asks by.
    """
    require_contract(name, pinned, contract)
    path = objects.path(pinned.index)
    if path is None:
        raise Missing(
            f"the index of the lookup {name} is not there",
            f"object {pinned.index[:12]}…",
            "restore the folder of artifacts from a backup, or publish it anew: fullcycle refresh",
        )
    verify_index(path)
    lookup = ServedLookup(contract, path)
    if lookup.content != pinned.artifact.content:
        raise Damaged(
            f"the index of the lookup {name} was made of another lookup",
            str(path),
            "restore that file from a backup, or publish it anew: fullcycle refresh",
        )
    return lookup


def require_contract(name: str, pinned: PinnedLookup, contract: type[Row]) -> None:
    """Refuse a lookup whose rows, or a bandit whose features, are not what a service asks for.

    Raises:
        Invalid: what to do instead.
    """
    asked = bandits.asked_by(contract) if pinned.is_bandit else contract_digest(contract)
    if pinned.contract != asked:
        holds = "is asked by" if pinned.is_bandit else "holds"
        raise Invalid(
            f"the {pinned.noun} {name} {holds} rows of another contract than "
            f"{schema(contract)['name']} is now",
            f"the parameter {name} of the service",
            "a changed contract goes out with a release: run the flow, and release that",
        )


def contents(lookups: Mapping[str, PinnedLookup]) -> dict[str, Digest]:
    """What a decision logs of the lookups that it could ask: the digest of each one's content."""
    return {name: one.artifact.content for name, one in lookups.items()}
