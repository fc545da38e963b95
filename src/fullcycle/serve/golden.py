"""Golden rows: requests with the answers that a release gave when it was made.

Whoever loads a release asks it again; only a release that answers the same, exactly, may
answer anybody.
"""

import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from fullcycle.data import decode
from fullcycle.kernel import FullcycleError, Invalid, Refused
from fullcycle.record import Codecs, ObjectStore
from fullcycle.release import (
    GoldenRow,
    LoadedRelease,
    Manifest,
    Policy,
    keep_golden,
    keep_manifest,
    load_release,
)
from fullcycle.serve.decider import answer_of
from fullcycle.serve.draw import HashedDraw

_ANEW = "release anew on a machine like the one that serves"


def golden_answers(release: LoadedRelease, requests: Sequence[Mapping[str, Any]]) -> list[GoldenRow]:
    """Ask every function of a release about each request, and keep what it answers.

    Raises:
        Invalid: where a request is no row of the release's contract, or a function raises or
            answers what it does not promise: which one, at which row, and the user's own line.
    """
    return [
        GoldenRow(id=f"golden-{n}", request=dict(request), answers=_answers(release, f"golden-{n}", request))
        for n, request in enumerate(requests, start=1)
    ]


def with_golden(
    draft: Manifest,
    requests: Sequence[Mapping[str, Any]],
    objects: ObjectStore,
    codecs: Codecs,
    *,
    root: Path | None = None,
) -> Manifest:
    """Complete a manifest: load what it pins, ask it each request, and pin the answers.

    Raises:
        FullcycleError: where it cannot be loaded, or a function does not answer as promised.
    """
    release = load_release(objects, keep_manifest(objects, draft), codecs, root=root)
    return msgspec.structs.replace(draft, golden=keep_golden(objects, golden_answers(release, requests)))


def require_golden(release: LoadedRelease, rows: Sequence[GoldenRow]) -> int:
    """Ask again; return how many rows were reproduced, which is all of them.

    Raises:
        Refused: naming the first row whose answer differs, or that a function raised at; or
            that there are no rows.
    """
    if not rows:
        raise _refused(release, "has no golden rows to reproduce", _ANEW)
    for row in rows:
        try:
            answers = _answers(release, row.id, row.request)
        except Invalid as error:
            raised = error.__cause__ or error  # only its kind: what it says may hold the request
            raise _refused(
                release, f"raises {type(raised).__name__} at golden row {row.id}", _ANEW
            ) from raised
        for function, answer in answers.items():
            if row.answers.get(function) != answer:
                raise _refused(
                    release,
                    f"does not reproduce golden row {row.id}: {function} answers otherwise",
                    f"{_ANEW}; or, if it or a feature is not the same twice (randomness, time): "
                    "use draw.pick for chance, and take the time from the request",
                )
    return len(rows)


def _answers(release: LoadedRelease, id: str, request: Mapping[str, Any]) -> dict[str, Any]:
    try:
        row = decode(release.row, msgspec.json.encode(request))
    except Invalid as error:
        raise Invalid(
            f"golden row {id} is no {release.row.__name__}: {error.what}", error.where, error.mend
        ) from error
    answers = {}
    for reference, policy in release.policies.items():
        try:
            answers[reference] = msgspec.json.decode(answer_of(policy, row, HashedDraw(id)))
        except Exception as error:
            raise _failed(policy, id, error, release.manifest.package) from error
    return answers


def _failed(policy: Policy, id: str, error: Exception, package: str) -> Invalid:
    known = error if isinstance(error, FullcycleError) else None
    said = (str(error) if known is None else known.what).strip().partition("\n")[0][:300]
    return Invalid(
        f"{policy.reference} fails at golden row {id}: {type(error).__name__}{said and ': '}{said}",
        _own_line(error, package) or policy.reference,
        known.mend if known is not None else "let it answer every row of its contract, then release again",
    )


def _own_line(error: Exception, package: str) -> str:
    """The innermost line of the project's own that led to an error, as ``file:line``; "" for none."""
    lines = [
        f"{frame.f_code.co_filename}:{number}"
        for frame, number in traceback.walk_tb(error.__traceback__)
        if str(frame.f_globals.get("__name__", "")).startswith(f"{package}[")  # as the loader names it
    ]
    return lines[-1] if lines else ""


def _refused(release: LoadedRelease, what: str, mend: str) -> Refused:
    manifest = release.manifest
    return Refused(
        f"the release of {manifest.capability}@{manifest.run} {what}",
        "its golden rows, asked on this machine",
        mend,
    )
