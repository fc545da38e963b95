"""The names of a project's modules as its author knows them.

An archive's modules are loaded under names of their own, ``shop[3f2a91c05d7e].winback.flow``, so
that two archives of one project live side by side. What is said to a user names ``shop.winback.flow``.
"""

import re

_PRIVATE = re.compile(r"(?<=\w)\[[0-9a-f]{12}(?:-\d+)?\](?=\.[A-Za-z_])")


def public(text: str) -> str:
    """A text with the names of modules as a user knows them.

    >>> public("a shop[3f2a91c05d7e].winback.flow.Offer, and model[1/3]")
    'a shop.winback.flow.Offer, and model[1/3]'
    """
    return _PRIVATE.sub("", text) if "[" in text else text
