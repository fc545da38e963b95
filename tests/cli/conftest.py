"""What the tests of the command line share: projects on disk, and hands that type."""

from tried_bank import bank, here
from whole_shop import played, revised, shop, typed

__all__ = ["bank", "here", "played", "revised", "shop", "typed"]
