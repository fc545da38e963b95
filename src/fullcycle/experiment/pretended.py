"""Units of the past as if they had been exposed to an experiment whose arms are buckets of units.

So the one query about an experiment answers for the past, too: it brings home the sufficient
statistics of each bucket and day, from which any number of experiments can be made up.
"""

import json
from dataclasses import dataclass
from typing import Any

import msgspec

from fullcycle.data import Query
from fullcycle.experiment.condition_sql import condition_sql
from fullcycle.experiment.dialect import Dialect, text
from fullcycle.experiment.spec import ExperimentSpec
from fullcycle.metric import inlined, quoted

BUCKETS = 500

_ROWS = """(
    select {name} as experiment, {bucket} as arm, fc_unit as unit, fc_time as "at",
           fc_id as decision_id, request, 0 as release
    from (select {unit} as fc_unit, {time} as fc_time,
                 (row_number() over ())::varchar as fc_id, {request} as request
          from {rows} as fc_past) as fc_rows{met}
)"""
_LOG = """(
    select {name} as experiment, {bucket} as arm, fc_unit as unit, "at", decision_id, request, release
    from (select coalesce(({fields})[1], case when experiment = {name} then unit end) as fc_unit,
                 "at", decision_id, request, release
          from {log} as fc_all where {at} >= $fc_since) as fc_rows{met}
)"""


@dataclass(frozen=True, slots=True)
class PastRows:
    """Rows of the past, each of which is taken for an exposure: of ``unit``, at ``time``.

    ``fields`` are the columns that stand for fields of the request: those that covariates, and a
    condition, ask.
    """

    rows: Query
    unit: str
    time: str
    fields: tuple[str, ...] = ()

    def relation(self, spec: ExperimentSpec, dialect: Dialect, buckets: int) -> tuple[str, dict[str, Any]]:
        """The rows as exposures: SQL, and its values."""
        inner, values = inlined(self.rows, "fc_past_")
        written = _ROWS.format(
            name=text(spec.name),
            bucket=_bucket(dialect, buckets),
            unit=dialect.unit(quoted(self.unit)),
            time=quoted(self.time),
            request=dialect.json(self.fields) if self.fields else "null::varchar",
            met=_met(spec, dialect),
            rows=inner,
        )
        return written, values


def logged(
    spec: ExperimentSpec, log: str, dialect: Dialect, buckets: int, *, since: int
) -> tuple[str, dict[str, Any]]:
    """The decisions of a log since a moment (µs since 1970 UTC) as exposures: SQL, and its values.

    Whoever asked is told by the request, since decisions of before an experiment name no unit; or, where
    the request was not published, by the unit of this experiment. Where that has a condition, only
    requests that meet it count.
    """
    written = _LOG.format(
        name=text(spec.name),
        bucket=_bucket(dialect, buckets),
        fields=dialect.fields("request", [spec.unit]),
        log=log,
        met=_met(spec, dialect),
        at=dialect.micros('"at"'),
    )
    return written, {"fc_since": since}


def _met(spec: ExperimentSpec, dialect: Dialect) -> str:
    """That a request meets the experiment's condition, where it has one."""
    if spec.condition is None:
        return ""
    return f" where {condition_sql(json.loads(spec.condition), 'request', dialect)}"


def by_bucket(spec: ExperimentSpec, buckets: int, *, triggered: bool) -> ExperimentSpec:
    """An experiment whose arms are buckets of units; nobody is forced, and no segment is told."""
    return msgspec.structs.replace(
        spec,
        order=tuple(f"b{n}" for n in range(buckets)),
        arms={},
        weights={},
        analysis="always-valid",  # the past has no plan: it is told whole
        forced={},
        segments=(),
        triggered=spec.triggered if triggered else None,
    )


def _bucket(dialect: Dialect, buckets: int) -> str:
    return f"'b' || {dialect.bucket('fc_unit', buckets)}::varchar"
