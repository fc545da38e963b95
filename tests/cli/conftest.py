"""What the tests of the command line share: a project on disk, and hands that type."""

from whole_shop import played, revised, shop, typed

__all__ = ["played", "revised", "shop", "typed"]
