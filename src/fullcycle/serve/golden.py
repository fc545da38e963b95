"""Golden rows: requests with the answers that a release gave when it was made.

Whoever loads a release asks it again; only a release that answers the same, exactly, may
answer anybody.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from fullcycle.data import decode
from fullcycle.kernel import Refused
from fullcycle.record import Codecs, ObjectStore
from fullcycle.release import (
    GoldenRow,
    LoadedRelease,
    Manifest,
    keep_golden,
    keep_manifest,
    load_release,
)
from fullcycle.serve.decider import answer_of
from fullcycle.serve.draw import HashedDraw


def golden_answers(release: LoadedRelease, requests: Sequence[Mapping[str, Any]]) -> list[GoldenRow]:
    """Ask every function of a release about each request, and keep what it answers.

    Raises:
        Invalid: where an answer is not what its function promises.
        Unfit: where a request is no row of the release's contract.
        Exception: whatever a user's function raises.
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
        FullcycleError: where it cannot be loaded, or an answer is not what was promised.
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
        raise _refused(release, "has no golden rows to reproduce")
    for row in rows:
        try:
            answers = _answers(release, row.id, row.request)
        except Exception as error:
            raise _refused(release, f"raises {type(error).__name__} at golden row {row.id}") from error
        for function, answer in answers.items():
            if row.answers.get(function) != answer:
                raise _refused(
                    release, f"does not reproduce golden row {row.id}: {function} answers otherwise"
                )
    return len(rows)


def _answers(release: LoadedRelease, id: str, request: Mapping[str, Any]) -> dict[str, Any]:
    row = decode(release.row, msgspec.json.encode(request))
    return {
        reference: msgspec.json.decode(answer_of(policy, row, HashedDraw(id)))
        for reference, policy in release.policies.items()
    }


def _refused(release: LoadedRelease, what: str) -> Refused:
    manifest = release.manifest
    return Refused(
        f"the release of {manifest.capability}@{manifest.run} {what}",
        "its golden rows, asked on this machine",
        "release anew on a machine like the one that serves",
    )
