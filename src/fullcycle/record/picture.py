"""A picture: what is kept of a figure that could not come back as itself."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Picture:
    """A drawing as SVG text and as PNG bytes; a notebook shows it."""

    svg: str = field(repr=False)
    png: bytes = field(repr=False)

    def _repr_svg_(self) -> str:
        return self.svg

    def _repr_html_(self) -> str:
        return self.svg[self.svg.find("<svg") :]
