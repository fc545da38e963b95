"""What gates said of a release, and who went past them: one object in the record."""

from collections.abc import Sequence

import msgspec

from fullcycle.kernel import Invalid, Refused
from fullcycle.release.evidence import Evidence

_CANONICAL = msgspec.json.Encoder(order="sorted")


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What one gate says: what was found, what is needed, and what to do where they differ."""

    gate: str
    passed: bool
    found: str
    needed: str
    mend: str = ""


class Override(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody released past gates that said no, and why."""

    gates: tuple[str, ...]
    reason: str


class Judgement(msgspec.Struct, frozen=True, kw_only=True):
    """What the gates were shown, what they said, and who went past them: one object in the record."""

    evidence: Evidence
    verdicts: tuple[Verdict, ...]
    override: Override | None = None

    def to_bytes(self) -> bytes:
        """The judgement as the record keeps it."""
        return _CANONICAL.encode(self)

    @classmethod
    def from_bytes(cls, data: bytes) -> "Judgement":
        """Read what ``to_bytes`` wrote."""
        return msgspec.json.decode(data, type=cls)


def admit(
    verdicts: Sequence[Verdict], *, what: str, override: str | None = None, done: str = "released"
) -> Override | None:
    """Let a release pass, or refuse it.

    Args:
        verdicts: what the gates said.
        what: what is to be released, such as ``winback@42``.
        override: why it goes on although gates say no; what is returned then is to be recorded.
        done: what is not done with it where they do, such as ``released``.

    Raises:
        Refused: where a gate says no and nobody overrides it; lists each with what to do.
        Invalid: for an override without a reason.
    """
    failed = [verdict for verdict in verdicts if not verdict.passed]
    if not failed:
        return None
    names = tuple(verdict.gate for verdict in failed)
    if override is None:
        lines = [f"  {v.gate}: {v.found}; needed: {v.needed}" for v in failed]
        cures = [f"{v.gate}: {v.mend}" for v in failed]
        many = f"{len(failed)} of {len(verdicts)} gates say no" if len(verdicts) > 1 else "a gate says no"
        raise Refused(
            "\n".join([f"{what} is not {done}: {many}", *lines]),
            f"the gate{'s' if len(names) > 1 else ''} {', '.join(names)}",
            "\n         ".join(cures),
        )
    if not override.strip():
        raise Invalid("an override without a reason", what, "say why these gates do not count this time")
    return Override(gates=names, reason=override.strip())
