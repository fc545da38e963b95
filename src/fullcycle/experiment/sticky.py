"""Arms that are kept: a unit stays with what it got, though weights, coverage or condition change.

What a unit got is kept in a store, by the experiment and its *bucket version*. In GrowthBook's
SDKs a higher version asks anew, and versions below the first that counts are blocked: whoever
has an arm of theirs takes part no more. Here a version stands for the arms and their weights:
whoever has an arm of an earlier one keeps it, and counts no more, for those are in another
proportion.

Source: GrowthBook, "SDK build-your-own" specification 0.7.1 (sticky buckets).
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from fullcycle.experiment.spec import ExperimentSpec
from fullcycle.kernel import digest_value


class StickyStore(Protocol):
    """Where arms are kept; every process that answers for an environment shares it."""

    def find(self, attribute: str, value: str) -> Mapping[str, str]:
        """The arms that a unit has, by bucket; none for one that was never seen.

        Raises:
            FullcycleError: where the store cannot be asked.
        """
        ...

    def keep(self, attribute: str, value: str, bucket: str, arm: str) -> str:
        """Keep an arm, unless one is kept already; which one is kept then.

        Raises:
            FullcycleError: where it could not be kept.
        """
        ...


class KeptArms(StickyStore, Protocol):
    """A store whose arms can be counted, and given up."""

    def buckets(self) -> Mapping[str, int]:
        """How many units have an arm, by bucket.

        Raises:
            FullcycleError: where the store cannot be asked.
        """
        ...

    def forget(self, bucket: str) -> None:
        """Keep the arms of a bucket no longer.

        Raises:
            FullcycleError: where they cannot be given up.
        """
        ...

    def close(self) -> None:
        """Let go of what is open."""
        ...


class MemoryStickyStore:
    """A ``StickyStore`` of one process, for tests."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str], dict[str, str]] = {}

    def find(self, attribute: str, value: str) -> Mapping[str, str]:
        """The arms that a unit has, by bucket."""
        return dict(sorted(self._kept.get((attribute, value), {}).items()))

    def keep(self, attribute: str, value: str, bucket: str, arm: str) -> str:
        """Keep an arm, unless one is kept already; which one is kept then."""
        return self._kept.setdefault((attribute, value), {}).setdefault(bucket, arm)

    def buckets(self) -> Mapping[str, int]:
        """How many units have an arm, by bucket."""
        return dict(sorted(Counter(bucket for kept in self._kept.values() for bucket in kept).items()))

    def forget(self, bucket: str) -> None:
        """Keep the arms of a bucket no longer."""
        for kept in self._kept.values():
            kept.pop(bucket, None)

    def close(self) -> None:
        """Do nothing: nothing is open."""


class ReadOnlySticky:
    """A ``StickyStore`` that keeps nothing new: for whoever asks what a service would do."""

    def __init__(self, store: StickyStore) -> None:
        self._store = store

    def find(self, attribute: str, value: str) -> Mapping[str, str]:
        """The arms that a unit has, by bucket."""
        return self._store.find(attribute, value)

    def keep(self, attribute: str, value: str, bucket: str, arm: str) -> str:
        """The arm that is kept, or the one that would be."""
        return self._store.find(attribute, value).get(bucket, arm)


@dataclass(frozen=True, slots=True)
class Bucket:
    """Under what an experiment keeps its arms; versions below ``since`` are blocked."""

    experiment: str
    version: int | str = 0
    since: int = 0

    @classmethod
    def of(cls, spec: ExperimentSpec) -> "Bucket":
        """Of an experiment's arms and weights as they are."""
        weights = [[arm, spec.weights[arm]] for arm in spec.order]
        return cls(f"{spec.capability}/{spec.name}", digest_value("bucket@1", weights)[:12])

    @property
    def key(self) -> str:
        """What stands in the store, as GrowthBook writes it.

        >>> Bucket("trial", version=1).key
        'trial__1'
        """
        return f"{self.experiment}__{self.version}"

    def blocked(self, kept: Mapping[str, str]) -> bool:
        """Whether a unit has an arm of a version that counts no more."""
        return any(f"{self.experiment}__{version}" in kept for version in range(self.since))

    def earlier(self, kept: Mapping[str, str], arms: tuple[str, ...]) -> str | None:
        """The arm that is kept from other weights, where the experiment still has it."""
        own = f"{self.experiment}__"
        mine = (key for key in kept if key.startswith(own) and "_" not in key.removeprefix(own))
        return next((kept[key] for key in mine if key != self.key and kept[key] in arms), None)

    def arm(self, kept: Mapping[str, str], arms: tuple[str, ...]) -> str | None:
        """The arm that is kept, where the experiment still has it."""
        arm = kept.get(self.key)
        return arm if arm in arms else None
