"""Rows made up from a contract, for users' tests."""

from fullcycle.data.made_up import row as row
from fullcycle.data.made_up import rows as rows

__all__ = ["row", "rows"]
