"""What is scored over a step's rows is not served; the supervisor knows this without what loads releases."""

from fullcycle.kernel import Refused
from fullcycle.release import Manifest


def scored_only(manifest: Manifest, environment: str) -> Refused:
    """The error of serving what is scored over a step's rows."""
    ref = f"{manifest.capability}@{environment}"
    return Refused(
        f"{manifest.capability} is scored over {manifest.over} and written to {manifest.into}, not served",
        ref,
        f"score it, as often as there are new rows: fullcycle score {ref}",
    )
