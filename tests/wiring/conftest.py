"""What the tests of the wiring share: a project on disk, and hands that type."""

from tried_bank import bank, here
from whole_shop import played, revised, shop, typed

__all__ = ["bank", "here", "played", "revised", "shop", "typed"]
