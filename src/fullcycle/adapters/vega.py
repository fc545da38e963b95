"""Vega-Lite to SVG with vl-convert, in this process and without any network.

Needs ``pip install fullcycle[charts]``; a report without it shows tables.
"""

import json
import re
from types import ModuleType
from typing import Any

from fullcycle.kernel import Invalid, Misconfigured

_VERSION = "5.20"  # of Vega-Lite, so that a chart looks the same after an upgrade


class VegaCharts:
    """Draws Vega-Lite specifications as SVG elements to stand in one page.

    Raises:
        Misconfigured: where vl-convert is not installed.
    """

    def __init__(self) -> None:
        self._convert = _vl_convert()
        self._drawn = 0

    def svg(self, spec: dict[str, Any]) -> str:
        """One SVG element that scales with its width and shares no id with another.

        Raises:
            Invalid: for a specification that Vega-Lite cannot draw.
        """
        self._drawn += 1
        return _for_a_page(self.file(spec), prefix=f"c{self._drawn}-")

    def file(self, spec: dict[str, Any]) -> str:
        """A chart as an SVG document of its own, with its own size.

        Raises:
            Invalid: for a specification that Vega-Lite cannot draw.
        """
        try:
            drawn: str = self._convert.vegalite_to_svg(
                json.dumps(spec), vl_version=_VERSION, allowed_base_urls=[]
            )
            return drawn
        except ValueError as error:
            raise Invalid(
                f"Vega-Lite cannot draw this chart: {str(error)[:300]}",
                "a chart of the report",
                "report it with the data behind the chart",
            ) from error


def _vl_convert() -> ModuleType:
    try:
        import vl_convert
    except ImportError as error:
        raise Misconfigured(
            "charts need the package vl-convert-python", "drawing a chart", "pip install 'fullcycle[charts]'"
        ) from error
    return vl_convert


def _for_a_page(svg: str, *, prefix: str) -> str:
    """Without name spaces, which HTML does not need; its ids made its own; its size that of its box."""
    svg = re.sub(r'\s(xmlns(:\w+)?|version|class|role|aria-\w+|pointer-events)="[^"]*"', "", svg)
    svg = re.sub(r'\bid="', f'id="{prefix}', svg)
    svg = re.sub(r"url\(#", f"url(#{prefix}", svg)
    head, rest = svg.split(">", 1)
    return re.sub(r'\s(width|height)="[^"]*"', "", head) + ">" + rest
