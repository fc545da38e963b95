"""Exposures met with the warehouse in which an experiment is aggregated."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from fullcycle.adapters.compaction import compact
from fullcycle.adapters.duckdb import DuckDBWarehouse
from fullcycle.adapters.duckdb_events import events_by_unit
from fullcycle.adapters.duckdb_experiment import DuckDBExperimentStore
from fullcycle.adapters.exposures import ExposureWriter, Published, days_of
from fullcycle.data import Events, Query, Source
from fullcycle.data.posted import RECEIVED
from fullcycle.experiment import ExperimentSpec, ExperimentStore, roots
from fullcycle.kernel import Invalid, Misconfigured
from fullcycle.wiring.config import NAME
from fullcycle.wiring.flow import Flow, warehouses_of
from fullcycle.wiring.logs import decisions_of
from fullcycle.wiring.project import Project
from fullcycle.wiring.warehouses import DUCKDB, writer_of


@dataclass(frozen=True, slots=True)
class Gathered:
    """What a readout asks: its store, the files of the event log, and what each source asks.

    ``received`` names, by source, the column that tells when a row came; ``watermark`` is up to
    when the exposures were published, in microseconds since 1970 UTC; ``past`` is what the source
    of past units asks there.
    """

    store: ExperimentStore
    files: list[Path]
    sources: Mapping[str, Query]
    received: Mapping[str, str] = field(default_factory=dict)
    watermark: int | None = None
    past: Query | None = None


def gathered(
    flow: Flow,
    spec: ExperimentSpec,
    *,
    publish: bool = True,
    by_request: bool = False,
    past: Source[...] | None = None,
) -> Gathered:
    """Publish an environment's exposures, and find where an experiment is aggregated.

    DuckDB reads the event log's Parquet files where they lie. PostgreSQL reads tables, to which
    exposures and events are published first where the warehouse has a writer; without one, what
    somebody else published is read, and the watermark tells up to when. Without ``publish``,
    exposures are left as they are, unless events tell by them whose they are.

    Args:
        flow: the capability's, in the environment.
        spec: the experiment.
        publish: whether exposures are to be brought up.
        by_request: whether events of decisions that no experiment made count, too; they always do where
            a covariate is of before the experiment.
        past: a source whose rows stand for exposures, and are asked in the same place.

    Raises:
        Missing: where nothing was published to PostgreSQL, or not the fields that it is read by.
        Misconfigured: where a warehouse does not answer, or its writer may not write.
        Invalid: for a warehouse of another kind.
    """
    project, capability, environment = flow.project, flow.capability, flow.environment
    log = decisions_of(project, capability, environment)
    compact(log, by=project.author)
    files, watermark = log.files(), log.told().watermark
    by_request = by_request or any(one.before is not None for one in spec.covariates)
    declared = declared_of(flow, spec)
    received = {name: RECEIVED for name, source in declared.items() if isinstance(source, Events)}
    every = [*declared.values(), *([past] if past is not None else [])]
    warehouse = flow.warehouse(*every)
    if isinstance(warehouse, DuckDBWarehouse):
        sources = {
            name: by_unit(flow, source, spec.unit, files, by_request=by_request)
            for name, source in declared.items()
        }
        rows = None if past is None else flow.rows(past)
        return Gathered(DuckDBExperimentStore(warehouse), files, sources, received, watermark, rows)
    from fullcycle.adapters.postgres_experiment import PostgresExperimentStore  # brings the driver
    from fullcycle.adapters.postgres_exposures import require_fields
    from fullcycle.adapters.postgres_warehouse import PostgresWarehouse
    from fullcycle.wiring.published import asked_in, past_in, published_until

    if not isinstance(warehouse, PostgresWarehouse):
        raise Invalid(
            f"{warehouse!r} aggregates no experiment", "the readout", "bind duckdb:/// or postgresql://"
        )
    name = binding_of(flow, every)
    if (publish or received) and writer_of(project, environment, name) is not None:
        publish_exposures(flow, spec, name)
    if publish:
        asked = _read_by(spec) if by_request else [*_covariates(spec), *spec.segments]
        require_fields(warehouse, capability, environment, asked)
    return Gathered(
        PostgresExperimentStore(warehouse, environment),
        files,
        asked_in(flow, warehouse, declared, spec.unit, by_request=by_request),
        received,
        published_until(flow, warehouse, declared),
        None if past is None else past_in(flow, warehouse, past),
    )


def declared_of(flow: Flow, spec: ExperimentSpec) -> dict[str, Source[...]]:
    """The sources of an experiment, by name."""
    return {source: flow.graph.nodes[source].declared for source in spec.sources}


def binding_of(flow: Flow, sources: Iterable[Source[...]]) -> str:
    """The name in ``fullcycle.toml`` of the warehouse that the sources of an experiment ask for.

    Raises:
        Invalid: where none of them asks for one.
    """
    for source in sources:
        if not isinstance(source, Events):
            for name in warehouses_of(source):
                return name
    raise Invalid(
        f"no source of {flow.capability} asks for a warehouse",
        "the experiment's sources",
        "events are read where they lie; there is nothing to publish to",
    )


def publish_exposures(flow: Flow, spec: ExperimentSpec, name: str) -> Published:
    """Publish the decisions of an environment to the warehouse bound to ``name``, by its writer.

    Done again, it adds what is new. Of a request, the unit and what the experiment is adjusted,
    segmented or conditioned by goes along. Events that the experiment reads go to PostgreSQL, too:
    DuckDB reads them where they lie.

    Raises:
        Misconfigured: where the warehouse names no writer, or cannot be written.
    """
    project, environment = flow.project, flow.environment
    url = writer_of(project, environment, name)
    if url is None:
        raise Misconfigured(
            f"the warehouse {name} may not be written",
            f"[environments.{environment}] of {NAME}",
            f'name its writer: warehouses.{name} = {{ url = "…", writer = "$DWH_WRITER" }}',
        )
    log = decisions_of(project, spec.capability, environment)
    compact(log, by=project.author)
    told = _writer(project, url).publish(
        spec.capability,
        environment,
        list(days_of(log)),
        watermark=log.told().watermark,
        fields=_read_by(spec),
    )
    if url.startswith(DUCKDB):
        return told
    from fullcycle.wiring.published import publish_events  # brings the driver

    events = [source for source in declared_of(flow, spec).values() if isinstance(source, Events)]
    return replace(told, events=tuple(publish_events(flow, source, url) for source in events))


def _read_by(spec: ExperimentSpec) -> list[str]:
    """The fields of a request that an experiment is read by; its condition is asked of a design's past."""
    asked = roots(json.loads(spec.condition)) if spec.condition is not None else ()
    return list(dict.fromkeys([spec.unit, *_covariates(spec), *spec.segments, *asked]))


def _covariates(spec: ExperimentSpec) -> list[str]:
    return [one.name for one in spec.covariates if one.before is None]


def _writer(project: Project, url: str) -> ExposureWriter:
    if url.startswith(DUCKDB):
        from fullcycle.adapters.duckdb_exposures import DuckDBExposures

        return DuckDBExposures(project.root / url.removeprefix(DUCKDB))
    from fullcycle.adapters.postgres_exposures import PostgresExposures

    return PostgresExposures(url)


def by_unit(
    flow: Flow, source: Source[...], unit: str, exposed: Sequence[Path], *, by_request: bool = False
) -> Query:
    """The rows of a source with the unit that each is about; an event's is that of its decision.

    ``by_request`` looks into the requests of decisions that no experiment made, too.
    """
    rows = flow.rows(source)
    if isinstance(source, Events) and unit not in source.contract.__struct_fields__:
        return events_by_unit(rows, exposed, unit, flow.project.all_events, by_request=by_request)
    return rows
