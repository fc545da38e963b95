"""An experiment of which there is only a table with one row per unit: read without a project."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import polars as pl

from fullcycle.adapters.duckdb import DuckDBWarehouse
from fullcycle.adapters.duckdb_experiment import DuckDBExperimentStore
from fullcycle.data import Query
from fullcycle.experiment import ExperimentSpec, Readout, columns_of, readout, table_metric, table_spec
from fullcycle.kernel import Invalid, UnknownName, now
from fullcycle.metric import quoted

_READERS = {".parquet": "read_parquet", ".csv": "read_csv", ".gz": "read_csv"}
_MOST_ARMS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitTable:
    """A file of units and how it is read: names of its columns, and what is asked of them.

    Metrics are ``column``, ``column:proportion``, ``column:down`` or ``a/b``; the first is primary.
    ``guardrails`` map a metric to the relative change for the worse that is tolerated, ``weights``
    an arm to its share; equal where there are none.
    """

    file: Path
    arm: str
    control: str
    metrics: Sequence[str]
    guardrails: dict[str, float]
    covariates: Sequence[str]
    segments: Sequence[str]
    weights: dict[str, float]
    day: str | None = None
    analysis: Literal["fixed", "always-valid"] = "fixed"
    alpha: float = 0.05


def read_units(table: UnitTable) -> Readout:
    """Read the experiment that a table of units holds.

    Raises:
        Invalid: for a file, an arm or a metric that cannot be read.
        UnknownName: for a column, an arm or a metric that is not there.
    """
    store, rows = _opened(table.file)
    arms = _arms(table, _some(table, rows, store.arms_of_table(rows, table.arm)))
    made = [table_metric(told) for told in (*table.metrics, *table.guardrails)]
    metrics = {metric.name: metric for metric in reversed(made)}
    names = [made[0].name, *(name for name in dict.fromkeys(one.name for one in made[1:]))]
    spec = table_spec(
        table.file.name.partition(".")[0],
        arms,
        [metrics[name] for name in dict.fromkeys(names)],
        covariates=table.covariates,
        segments=table.segments,
        weights=_weights(table, arms),
        secondary=tuple(table_metric(told).name for told in table.metrics[1:]),
        guardrails=_margins(table),
        analysis=table.analysis,
        alpha=table.alpha,
        days=0,
    )
    _require_not_arm(table, spec)
    try:
        found = store.statistics_of_table(spec, rows, arm=table.arm, as_of=now(), day=table.day)
    except Invalid as error:
        for name in (*columns_of(spec), *table.covariates):
            if store.schema(rows).get(name) == pl.String:
                told = "metrics and covariates take numbers"
                raise Invalid(
                    f"{name} is text, and {told}", table.file.name, "name another column"
                ) from error
        raise
    units = sum(count.units for count in found.counted)
    return readout(spec, found, planned_units=max(units, 2))


def _require_not_arm(table: UnitTable, spec: ExperimentSpec) -> None:
    """The column that tells the arms apart is nothing to compare them by."""
    metrics = spec.metrics.values()
    named = {
        "--metric": [side.column for one in metrics for side in (one, one.over) if side is not None],
        "--covariate": table.covariates,
        "--segment": table.segments,
    }
    for option, columns in named.items():
        if table.arm in columns:
            raise Invalid(f"{table.arm} is the column of arms", option, "name another column")


def _opened(file: Path) -> tuple[DuckDBExperimentStore, Query]:
    reader = _READERS.get(file.suffix)
    if reader is None:
        raise Invalid(
            f"{file.name} is neither Parquet nor CSV", "--table", "name a file .parquet, .csv or .csv.gz"
        )
    warehouse = DuckDBWarehouse(None, folders=[file.resolve().parent])
    rows = warehouse.sql(f"select * from {reader}($file)", file=str(file.resolve()))
    return DuckDBExperimentStore(warehouse), rows if reader == "read_parquet" else _counting(warehouse, rows)


def _counting(warehouse: DuckDBWarehouse, rows: Query) -> Query:
    """The rows of a CSV file, true and false as 1 and 0: its reader takes neither for a number."""
    schema = warehouse.fetch(f"{rows.text} limit 0", rows.values).schema
    truths = [quoted(name) for name, type_ in schema.items() if type_ == pl.Boolean]
    if not truths:
        return rows
    replaced = ", ".join(f"case when {name} then 1 when not {name} then 0 end as {name}" for name in truths)
    return warehouse.sql(rows.text.replace("*", f"* replace ({replaced})", 1), **rows.values)


def _some(table: UnitTable, rows: Query, units: dict[str, int]) -> dict[str, int]:
    """The units of each arm, where there are any."""
    if units:
        return units
    name = table.file.name
    if rows.another(f"{rows.text} limit 1", rows.values).frame().is_empty():
        raise Invalid(
            f"{name} has no rows", "--table", "see whether what writes it has run, or name another file"
        )
    raise Invalid(f"no row of {name} has a value in {table.arm}", "--arm", "name the column of arms")


def _arms(table: UnitTable, units: dict[str, int]) -> list[str]:
    """The arms, the control first."""
    if table.control not in units:
        raise UnknownName.among(table.control, units, where=f"the arms in column {table.arm}")
    others = [arm for arm in units if arm != table.control]
    if not others:
        raise Invalid(
            f"every unit has the arm {table.control}", f"column {table.arm}", "name the column of arms"
        )
    if len(others) >= _MOST_ARMS:
        raise Invalid(
            f"column {table.arm} holds {len(units):,} different values",
            "--arm",
            f"name the column of arms: at most {_MOST_ARMS}",
        )
    return [table.control, *others]


def _margins(table: UnitTable) -> dict[str, float]:
    for told, margin in table.guardrails.items():
        if not 0 < margin < 1:
            raise Invalid(
                f"the guardrail {told} has a margin of {margin:g}",
                "--guardrail",
                f"write the largest relative change for the worse that you tolerate: {told}=0.05",
            )
    return {table_metric(told).name: margin for told, margin in table.guardrails.items()}


def _weights(table: UnitTable, arms: Sequence[str]) -> dict[str, float] | None:
    """Shares that sum to one; None for equal ones."""
    if not table.weights:
        return None
    for arm in (*table.weights, *arms):
        if arm not in arms:
            raise UnknownName.among(arm, arms, where=f"the arms in column {table.arm}")
        if arm not in table.weights:
            raise Invalid(f"{arm} has no weight", "--weight", f"weigh every arm: --weight {arm}=0.5")
    total = sum(table.weights.values())
    return {arm: table.weights[arm] / total for arm in arms}
