"""Business metrics over sources: a value per unit, in a window that begins at its exposure."""

from dataclasses import dataclass
from datetime import timedelta

from fullcycle.data import Events, Field, Source, fields
from fullcycle.kernel import Invalid, Money
from fullcycle.metric.spec import Good, Kind, MetricSpec


@dataclass(slots=True, eq=False, kw_only=True)
class Metric:
    """A metric, equal only to itself; ``name`` is what the flow binds it to.

    Of a ratio, all but ``over`` tells what is divided; ``over`` is what it is divided by.
    """

    kind: Kind
    source: Source[...]
    column: str | None
    within: timedelta
    after: timedelta
    where: str | None
    good: Good
    cap: float | None = None
    winsor: float | None = None
    over: "Metric | None" = None
    q: float | None = None
    worth: Money | None = None
    name: str = ""

    def spec(self, *, unit: str) -> MetricSpec:
        """This metric as plain data, for units told by the source's column ``unit``.

        Events that name their decision need not tell it: a readout knows whose that was.

        Raises:
            Invalid: where the metric has no name yet, or its source no such column.
        """
        if not self.name:
            raise Invalid(
                "a metric has no name",
                f"the metric of {self.source.name!r}",
                "bind it to a name in flow.py: visited = fc.proportion(…)",
            )
        return self._spec(self.name, unit)

    def _spec(self, name: str, unit: str) -> MetricSpec:
        known = {field.name for field in fields(self.source.contract)}
        if unit not in known and not (isinstance(self.source, Events) and "decision_id" in known):
            raise Invalid(
                f"the rows of {self.source.name!r} do not tell {unit!r}, which the experiment randomises",
                f"the metric {name}",
                f"add {unit} to {self.source.contract.__name__}, or randomise by a field that it has",
            )
        return MetricSpec(
            name=name,
            kind=self.kind,
            source=self.source.name,
            unit=unit,
            time=time_field(self.source).name,
            column=self.column,
            where=self.where,
            within_s=self.within.total_seconds(),
            after_s=self.after.total_seconds(),
            late_s=self.source.late_by.total_seconds(),
            cap=self.cap,
            good=self.good,
            winsor=self.winsor,
            over=None if self.over is None else self.over._spec(self.over.name or f"{name}'s divisor", unit),
            q=self.q,
            worth=self.worth,
        )


def time_field(source: Source[...]) -> Field:
    """The field of a source's rows that says when they became true.

    Raises:
        Invalid: where its contract marks none, or several.
    """
    found = [field for field in fields(source.contract) if field.time]
    if len(found) != 1:
        raise Invalid(
            f"{source.contract.__name__} marks {len(found) or 'no'} fields as its time",
            f"a metric over {source.name or source.contract.__name__}",
            "mark one: at: Annotated[datetime, fc.time]",
        )
    return found[0]
