"""What data looked like when a release was made, kept so that later rows are counted in the same bins."""

import msgspec
import polars as pl

from fullcycle.adapters.polars_tally import tallied
from fullcycle.data import Profile, Row, profile
from fullcycle.monitor import Tally


class ReferenceProfile(msgspec.Struct, frozen=True):
    """A table as it was: the bins of its fields, and the rows in them."""

    profile: Profile
    tally: Tally


ReferenceProfiles = dict[str, ReferenceProfile]
"""By node: ``source mailings``, and ``request`` for what a service is asked."""


def reference(frame: pl.DataFrame, contract: type[Row]) -> ReferenceProfile:
    """Count a table, to hold later ones against it."""
    found = profile(frame, contract)
    return ReferenceProfile(found, tallied(frame, found))
