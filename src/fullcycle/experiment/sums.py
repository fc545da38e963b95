"""The second half of the one query: from a row per unit to shifted sums, by arm, day and segment.

It reads ``fc_values``: one row per unit with its ``arm``, ``day`` (whole days since 1970), values
``fc_v0`` …, covariates ``fc_x0`` … and segments ``fc_s0`` …; so a table that has one row per unit
already is read by the same half.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from fullcycle.experiment.gram import Gram, at
from fullcycle.experiment.plan import Measure
from fullcycle.metric import capped

COLUMNS = ("what", "part", "arm", "day", "place", "level", "units", "numbers")
NO_DAY = -1_000_000  # the day of a unit of a table that has none, and of all days together
WHOLE = -1  # the place of a cell of all units; others are numbers of segments

_PILOT = 8192  # units whose mean is the shift: near enough, and next to nothing to read
EXACT = 1e-12  # what is taken off a share, so that its rank is the same however it is rounded


@dataclass(frozen=True, slots=True)
class Group:
    """Measures that are known of the same units: those for which ``known`` holds, SQL over ``fc_values``.

    ``always`` asks for the units even where nothing of them is measured.
    """

    measures: Sequence[Measure]
    known: str = "true"
    always: bool = False


@dataclass(frozen=True, slots=True)
class Half:
    """What is added up.

    Attributes:
        values: how many a unit has.
        covariates: how many a unit has.
        segments: the fields that they are of.
        groups: the measures.
        cuts: values that are cut at a quantile of all units together, where known: the quantile and
            the condition.
        holes: covariates that a unit may lack; it then counts with the mean of all others.
        dated: whether units have days; else all of an arm are added up together.
        by_day: whether segments are told by day, too.
        until: which units say where values are cut and what fills a hole, SQL over ``fc_values``.
        holed: whether to count, behind the sums of the first group, the units that have each value
            and each covariate.
    """

    values: int
    covariates: int
    segments: Sequence[str]
    groups: Sequence[Group]
    cuts: Mapping[int, tuple[float, str]] = field(default_factory=dict)
    holes: Sequence[int] = ()
    dated: bool = True
    by_day: bool = False
    until: str = "true"
    holed: bool = False

    @property
    def tables(self) -> str:
        """The common tables behind ``fc_values``, each beginning with a comma."""
        return f"{self._cut}{self._pilot}"

    @property
    def selects(self) -> list[str]:
        """The questions, of :data:`COLUMNS`."""
        shifts = [*(f"fc_a{i}" for i in range(self.values)), *(f"fc_b{i}" for i in range(self.covariates))]
        empty = f"0 as part, '' as arm, 0 as day, {WHOLE} as place, '' as level, 0 as units"
        told = f"select 'pilot' as what, {empty}, {_array(shifts)} as numbers from fc_pilot"
        return [
            told,
            *(self._sums(n, group) for n, group in enumerate(self.groups) if group.measures or group.always),
        ]

    def sets(self) -> str:
        """By arm and day, and by arm and segment."""
        return grouping_sets("day" if self.dated else "", len(self.segments), throughout=self.by_day)

    @property
    def _relation(self) -> str:
        return "fc_cut" if self.cuts else "fc_values"

    @property
    def _cut(self) -> str:
        """Values above the level at the quantile stand at the level; NaN, the largest of all, stays."""
        if not self.cuts:
            return ""
        levels = ", ".join(
            f"percentile_disc({share - EXACT!r}) within group (order by fc_v{i}) "
            f"filter (where fc_v{i} is not null and {known} and {self.until}) as fc_w{i}"
            for i, (share, known) in self.cuts.items()
        )
        cut = ", ".join(f"{capped(f'fc_v{i}', f'fc_w{i}')} as fc_v{i}" for i in self.cuts)
        kept = [f"fc_v{i}" for i in range(self.values) if i not in self.cuts]
        kept += [f"fc_x{i}" for i in range(self.covariates)]
        kept += [f"fc_s{i}" for i in range(len(self.segments))]
        others = ", ".join(["arm", "day", "fc_start", *kept])
        return f""",
fc_levels as materialized (select {levels} from fc_values),
fc_cut as not materialized (select {others}, {cut} from fc_values cross join fc_levels)"""

    @property
    def _pilot(self) -> str:
        """A shift per value from the first units, but of a covariate with holes from all: it fills them."""
        first = [f"coalesce(avg(fc_v{i}), 0.0) as fc_a{i}" for i in range(self.values)]
        few = [i for i in range(self.covariates) if i not in self.holes]
        first += [f"coalesce(avg(fc_x{i}), 0.0) as fc_b{i}" for i in few]
        tables = []
        if first:
            names = [f"fc_v{i}" for i in range(self.values)] + [f"fc_x{i}" for i in few]
            units = f"select {', '.join(names)} from {self._relation} limit {_PILOT}"
            tables.append(f"(select {', '.join(first)} from ({units}) as fc_few) as fc_first")
        if self.holes:
            every = ", ".join(f"coalesce(avg(fc_x{i}), 0.0) as fc_b{i}" for i in self.holes)
            tables.append(f"(select {every} from fc_values where {self.until}) as fc_every")
        if not tables:
            return ",\nfc_pilot as (select 0 as fc_nothing)"
        return f",\nfc_pilot as materialized (select * from {' cross join '.join(tables)})"

    def _sums(self, n: int, group: Group) -> str:
        values = {f"fc_v{i}": f"(fc_v{i} - fc_a{i})" for i in range(self.values)}
        covariates = [self._covariate(i) for i in range(self.covariates)]
        sums: list[str] = []
        for measure in group.measures:
            own = [values[f"fc_v{i}"] for i in measure.numbers]
            sums += [*own, *_products(own), *(f"{y} * {x}" for y in own for x in covariates)]
        sums += [*covariates, *_products(covariates)]
        told = [f"coalesce(sum({one}), 0.0)" for one in sums]
        if self.holed and n == 0:
            told += [f"count(fc_v{i})" for i in range(self.values)]
            told += [f"count(fc_x{i})" for i in range(self.covariates)]
        numbers, day = _array(told), f"coalesce(day, {NO_DAY})" if self.dated else "0"
        return f"""
select 'gram', {n}, arm, {day}, {place(len(self.segments))}, {level(len(self.segments))},
       count(*), {numbers}
from {self._relation} cross join fc_pilot where {group.known}
group by {self.sets()}"""

    def _covariate(self, i: int) -> str:
        return f"coalesce(fc_x{i} - fc_b{i}, 0.0)" if i in self.holes else f"(fc_x{i} - fc_b{i})"

    def grams(self, n: int, units: int, numbers: Sequence[float], shifts: Sequence[float]) -> dict[str, Gram]:
        """The statistics, by metric, that a row of the ``n``-th group's sums tells."""
        k = self.covariates
        told = iter(numbers)
        taken: list[tuple[Measure, list[float]]] = []
        for measure in self.groups[n].measures:
            size = len(measure.numbers)
            many = size + size * (size + 1) // 2 + size * k
            taken.append((measure, [next(told) for _ in range(many)]))
        sums = [next(told) for _ in range(k)]
        products = [next(told) for _ in range(k * (k + 1) // 2)]
        return {
            measure.metric: _gram(measure, units, own, shifts, self.values, sums, products)
            for measure, own in taken
        }


def grouping_sets(column: str, segments: int, *, throughout: bool = False) -> str:
    """Groups by arm (and a column, where one is named), and by arm and each segment.

    ``throughout`` groups the segments by the column, too.
    """
    whole = f"arm, {column}" if column else "arm"
    part = whole if throughout else "arm"
    return f"grouping sets ({', '.join([f'({whole})', *(f'({part}, fc_s{i})' for i in range(segments))])})"


def place(segments: int) -> str:
    """Which of the :func:`grouping_sets` a row is of."""
    if not segments:
        return str(WHOLE)
    cases = " ".join(f"when grouping(fc_s{i}) = 0 then {i}" for i in range(segments))
    return f"case {cases} else {WHOLE} end"


def level(segments: int) -> str:
    """The segment's value of a row of :func:`grouping_sets`, empty for all units."""
    if not segments:
        return "''"
    return f"coalesce({', '.join(f'fc_s{i}' for i in range(segments))}, '')"


def _products(values: Sequence[str]) -> list[str]:
    return [f"{values[i]} * {values[j]}" for i in range(len(values)) for j in range(i + 1)]


def _array(numbers: Sequence[str]) -> str:
    return f"array[{', '.join(numbers)}]::float8[]"


def _gram(
    measure: Measure,
    units: int,
    own: Sequence[float],
    shifts: Sequence[float],
    values: int,
    sums: Sequence[float],
    products: Sequence[float],
) -> Gram:
    """Put a measure's own sums and those of the covariates, which metrics share, into one triangle."""
    numbers, k = measure.numbers, len(sums)
    size = len(numbers)
    square = size * (size + 1) // 2
    crossed = own[size + square :]  # each own value times each covariate
    triangle = [0.0] * ((size + k) * (size + k + 1) // 2)
    triangle[:square] = own[size : size + square]
    for x in range(k):
        for y in range(size):
            triangle[at(size + x, y)] = crossed[y * k + x]
        for z in range(x + 1):
            triangle[at(size + x, size + z)] = products[at(x, z)]
    shift = [*(shifts[i] for i in numbers), *shifts[values : values + k]]
    return Gram.shifted(units, shift, [*own[:size], *sums], triangle)
