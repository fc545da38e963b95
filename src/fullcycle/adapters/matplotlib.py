"""Matplotlib figures, kept as what they look like: nothing but a pickle would give a figure back.

A stored picture is read without Matplotlib. Storing a figure needs ``pip install fullcycle[matplotlib]``.
"""

import io
from typing import Any

from fullcycle.kernel import Digest, digest_parts
from fullcycle.record import Picture, joined, parted

_FIGURE = ("matplotlib.figure", "Figure")
_DRAWN_AGAIN: Any = {"svg.hashsalt": "fullcycle"}  # else each drawing has identifiers of its own
_PNG_DPI = 144


class PictureCodec:
    """Stores a figure as SVG and PNG, which a step is given as a ``Picture``; never a pickle."""

    name = "picture@1"
    suffix = ".picture"

    def matches(self, value: object) -> bool:
        """Whether it is a figure, or a picture of one; asks without importing Matplotlib."""
        return isinstance(value, Picture) or any(
            (kind.__module__, kind.__name__) == _FIGURE for kind in type(value).__mro__
        )

    def encode(self, value: Any) -> bytes:
        """The figure drawn, or the picture as it is."""
        picture = value if isinstance(value, Picture) else _drawn(value)
        return joined([picture.svg.encode(), picture.png])

    def decode(self, data: bytes) -> Picture:
        """The picture.

        Raises:
            Damaged: where the bytes are none.
        """
        svg, png = parted(data, 2, "a picture")
        return Picture(svg.decode(errors="replace"), png)

    def content(self, value: Any, data: bytes) -> Digest:
        """Digest of the drawing."""
        return digest_parts(self.name, [data])


def _drawn(figure: Any) -> Picture:
    import matplotlib as mpl  # there, since a figure of its is

    svg, png = io.BytesIO(), io.BytesIO()
    with mpl.rc_context(_DRAWN_AGAIN):
        figure.savefig(svg, format="svg", metadata={"Date": None, "Creator": None})
        figure.savefig(png, format="png", dpi=_PNG_DPI, metadata={"Software": None})
    return Picture(svg.getvalue().decode(), png.getvalue())
