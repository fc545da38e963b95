"""HTML that cannot be injected into: text is escaped unless it is already markup."""

from html import escape


class Markup(str):
    """A string that is HTML already."""

    __slots__ = ()


def tag(name: str, /, *children: object, **attributes: str | None) -> Markup:
    """An element; a trailing underscore and inner underscores of attributes are taken as HTML has them.

    >>> tag("p", "1 < 2", class_="note")
    '<p class="note">1 &lt; 2</p>'
    """
    told = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(value)}"'
        for key, value in attributes.items()
        if value is not None
    )
    if name in _VOID:
        return Markup(f"<{name}{told}>")
    return Markup(f"<{name}{told}>{joined(*children)}</{name}>")


def joined(*children: object) -> Markup:
    """Children one after another, each escaped unless it is markup; None is left out."""
    return Markup("".join(_safe(child) for child in children if child is not None))


_VOID = frozenset({"br", "hr", "meta", "link", "img"})


def _safe(child: object) -> str:
    return child if isinstance(child, Markup) else escape(str(child))
