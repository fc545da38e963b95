"""Altair charts, as the Vega-Lite that they stand for. Needs ``pip install fullcycle[altair]``."""

from typing import Any

import altair as alt
import msgspec

from fullcycle.kernel import Digest, Invalid, digest_parts
from fullcycle.record import unreadable

_REFUSED = (alt.utils.schemapi.SchemaValidationError, alt.MaxRowsError, ValueError, TypeError)


class ChartCodec:
    """Stores a chart of Altair as its Vega-Lite specification, the data within."""

    name = "vega-lite@1"
    suffix = ".vl.json"

    def matches(self, value: object) -> bool:
        """Whether it is a chart, alone or of several."""
        return isinstance(value, alt.TopLevelMixin)

    def encode(self, value: Any) -> bytes:
        """The specification, all rows of its data within.

        Raises:
            Invalid: where Altair finds it is no chart yet.
        """
        try:
            with alt.data_transformers.enable("default", max_rows=None):
                return msgspec.json.encode(value.to_dict(), order="deterministic")
        except _REFUSED as error:
            raise Invalid(
                f"Altair cannot write this chart: {' '.join(str(error).split())[:200]}",
                "storing a chart",
                "display it in a notebook first: chart.to_dict() says what is missing",
            ) from error

    def decode(self, data: bytes) -> Any:
        """The chart again.

        Raises:
            Damaged: where the bytes are no specification.
        """
        try:
            return alt.Chart.from_dict(msgspec.json.decode(data, type=dict[str, Any]))
        except Exception as error:  # whatever the validator of Vega-Lite's schema raises
            raise unreadable("a Vega-Lite chart", error) from error

    def content(self, value: Any, data: bytes) -> Digest:
        """Digest of the specification."""
        return digest_parts(self.name, [data])
