"""What the tests of the command line share: projects on disk, and hands that type."""

from recommend_shop import recommend, twice
from tried_bank import bank, here
from whole_shop import played, revised, shop, typed

__all__ = ["bank", "here", "played", "recommend", "revised", "shop", "twice", "typed"]
