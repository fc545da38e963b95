"""The brief: problem, metric, owner, and the estimate with its arithmetic."""

from fullcycle.brief.brief import Brief, Budget, Estimate, Good, Margin, Period, Reach, Tier
from fullcycle.brief.parse import parse_brief
from fullcycle.brief.worth import in_words, number, worth_per_year

__all__ = [
    "Brief",
    "Budget",
    "Estimate",
    "Good",
    "Margin",
    "Period",
    "Reach",
    "Tier",
    "in_words",
    "number",
    "parse_brief",
    "worth_per_year",
]
