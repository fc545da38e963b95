"""A design as its page tells it."""

from fullcycle import report  # its parts are loaded where they are used: of most designs there is no page
from fullcycle.kernel import instant, now
from fullcycle.wiring.design_report import DesignReport


def about(found: DesignReport) -> str:
    """The past that a design stands on, in one line."""
    past = found.past
    if past is None:
        return "the baseline was said by hand"
    unknown = past.units - past.known
    waits = f"; {unknown:,} are not known yet" if unknown else ""
    return (
        f"{past.units:,} units of {past.origin}, over {past.days} days from {past.first_day} to "
        f"{past.last_day}, {past.units_per_day:,.0f} a day{waits}"
    )


def design_page(found: DesignReport, capability: str) -> "report.DesignPage":
    """A design as a page."""
    return report.DesignPage(
        title=f"Design of {capability}, experiment {found.experiment}",
        made=f"{instant(now()):%Y-%m-%d %H:%M} UTC",
        about=about(found),
        share=found.share,
        designs=found.designs,
        rehearsed=found.rehearsed,
        margins=[(name, margin, smallest) for name, (margin, smallest) in found.margins.items()],
        worth=found.worth,
        notes=found.notes,
    )
