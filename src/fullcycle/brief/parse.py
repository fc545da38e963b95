"""Read ``brief.md``: YAML front matter between two lines of ``---``, and prose below.

Every mistake is one error that says what is wrong, on which line, and how to mend it.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass

import yaml

from fullcycle.brief.brief import PER_YEAR, TIERS, Brief, Budget, Estimate, Margin, Period, Reach, Tier
from fullcycle.kernel import Interval, Invalid, Money, UnknownName, duration

_FENCE = re.compile(r"\A---[ \t]*\n(?P<front>.*?)^---[ \t]*$\n?(?P<prose>.*)\Z", re.DOTALL | re.MULTILINE)
_NUMBER = r"[-+−]?\d[\d_,]*(?:\.\d+)?"
_EFFECT = re.compile(rf"(?P<low>{_NUMBER})\s+to\s+(?P<high>{_NUMBER})(?:\s+(?P<unit>\D.*))?")
_REACH = re.compile(rf"(?P<count>{_NUMBER})(?:\s+(?P<unit>.+?))?\s+(?:per|a)\s+(?P<period>\w+)")
_MARGIN = re.compile(r"(?P<number>\d[\d_,]*(?:\.\d+)?)\s*(?P<share>%)?")
_SIZE = re.compile(r"(?P<number>\d[\d_]*(?:\.\d+)?)\s*(?P<unit>[A-Za-z]+)")
_BYTES = {
    "B": 1,
    "kB": 10**3,
    "KB": 10**3,
    "MB": 10**6,
    "GB": 10**9,
    "KiB": 2**10,
    "MiB": 2**20,
    "GiB": 2**30,
}

_EXAMPLES = {
    "problem": "problem: Lapsed clients all get the same e-mail.",
    "owner": "owner: growth@example.com",
    "tier": "tier: low",
    "metric": "metric: visited",
    "estimate": "estimate: {effect: 0.01 to 0.03, reach: 500_000 per year, worth: 0.80 USD}",
    "effect": "effect: 0.01 to 0.03 visits per client",
    "reach": "reach: 500_000 clients per year",
    "worth": "worth: 0.80 USD per visit",
    "p99": "p99: 20ms",
    "memory": "memory: 200MB",
    "wall": "wall: 10min",
    "start": "start: 2s",
    "margin": "margin: 10 %",
}
_TOP = ("problem", "owner", "tier", "metric", "estimate")
_ESTIMATE = ("effect", "reach", "worth")
_BUDGET = ("p99", "memory", "wall", "start")


@dataclass(frozen=True, slots=True)
class _Text:
    """A value as it was written, and where: ``brief.md:7``."""

    key: str
    value: str
    where: str

    def wrong(self, what: str) -> Invalid:
        return Invalid(
            f"{self.key} {self.value!r} {what}", self.where, f"write it like {_EXAMPLES[self.key]!r}"
        )


@dataclass(frozen=True, slots=True)
class _Section:
    """A mapping of the front matter: texts and sections by key, each knowing its line."""

    name: str
    entries: dict[str, "_Text | _Section"]
    where: str

    def text(self, key: str) -> _Text:
        """The text under a key.

        Raises:
            Invalid: where there is none, or it is empty or a section.
        """
        entry = self.entries.get(key)
        if isinstance(entry, _Text) and entry.value:
            return entry
        where = self.where if entry is None else entry.where
        what = f"{self.name} has no {key}" if entry is None else f"{key} has no text"
        raise Invalid(what, where, f"add a line like {_EXAMPLES[key]!r}")

    def section(self, key: str, names: Collection[str]) -> "_Section":
        """The section under a key, holding nothing but ``names``."""
        entry = self.entries.get(key)
        if not isinstance(entry, _Section):
            where = self.where if entry is None else entry.where
            what = f"{self.name} has no {key}" if entry is None else f"{key} is no section"
            raise Invalid(
                what, where, f"write it like {_EXAMPLES.get(key, 'budget: {p99: 20ms, memory: 200MB}')!r}"
            )
        entry.refuse_others(names)
        return entry

    def refuse_others(self, names: Collection[str]) -> None:
        """Refuse a key that means nothing, with the nearest one that does."""
        for key, entry in self.entries.items():
            if key not in names:
                raise UnknownName.among(key, names, where=f"{entry.where}, {self.name}")


def parse_brief(text: str, *, path: str = "brief.md", metrics: Collection[str] | None = None) -> Brief:
    """Read a brief.

    Args:
        text: the whole file.
        path: what errors call it.
        metrics: names of the flow's metrics; where given, the brief's must be one of them.

    Raises:
        Invalid: where a line is missing or does not say what it should.
        UnknownName: for a key, a period, a tier or a metric that there is none of.
    """
    found = _FENCE.match(text.replace("\r\n", "\n"))
    if found is None:
        raise Invalid(
            "the brief has no front matter",
            f"{path}:1",
            "begin the file with a line '---', lines such as 'problem: …' and 'owner: …', and a second '---'",
        )
    top = _front_matter(found["front"], path)
    top.refuse_others((*_TOP, "budget", "margin"))
    problem, owner, tier, metric = (top.text(key) for key in _TOP[:4])
    if tier.value not in TIERS:
        raise UnknownName.among(tier.value, TIERS, where=f"{tier.where}, tier")
    if metrics is not None and metric.value not in metrics:
        raise UnknownName.among(metric.value, metrics, where=f"{metric.where}, metric")
    return Brief(
        problem=problem.value,
        owner=owner.value,
        tier=_tier(tier.value),
        metric=metric.value,
        estimate=_estimate(top.section("estimate", _ESTIMATE)),
        budget=_budget(top.section("budget", _BUDGET)) if "budget" in top.entries else Budget(),
        prose=found["prose"].strip(),
        margin=_margin(top.text("margin")) if "margin" in top.entries else None,
    )


def _front_matter(text: str, path: str) -> _Section:
    """Compose the YAML without building values: a brief's values are texts with a grammar of their own."""
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 2 if mark is not None else 2  # the fence is line 1
        raise Invalid(
            f"the front matter is not YAML: {getattr(error, 'problem', None) or error}",
            f"{path}:{line}",
            "put a text that holds ': ' or ' #' in quotes, and indent with spaces",
        ) from error
    if not isinstance(root, yaml.MappingNode):
        raise Invalid("the front matter is empty", f"{path}:1", f"begin with {_EXAMPLES['problem']!r}")
    return _section("the brief", root, path)


def _section(name: str, node: yaml.MappingNode, path: str) -> _Section:
    entries: dict[str, _Text | _Section] = {}
    for key_node, value_node in node.value:
        key, where = str(key_node.value), f"{path}:{key_node.start_mark.line + 2}"
        if key in entries:
            raise Invalid(
                f"{key} is said twice", where, f"keep one of them; the first is at {entries[key].where}"
            )
        match value_node:
            case yaml.ScalarNode():
                entries[key] = _Text(key, " ".join(value_node.value.split()), where)
            case yaml.MappingNode():
                entries[key] = _section(key, value_node, path)
            case _:
                raise Invalid(f"{key} is a list", where, "write one value")
    return _Section(
        name, entries, f"{path}:{node.start_mark.line + 2}" if name != "the brief" else f"{path}:1"
    )


def _tier(text: str) -> Tier:
    return next(tier for tier in TIERS if tier == text)


def _estimate(section: _Section) -> Estimate:
    effect, reach, worth = (section.text(key) for key in _ESTIMATE)
    amount, _, per = worth.value.partition(" per ")
    return Estimate(
        effect=_interval(effect),
        effect_unit=_match(_EFFECT, effect, "is not an interval")["unit"] or "",
        reach=_reach(reach),
        worth=Money.parse(amount, where=worth.where),
        worth_per=per.strip(),
    )


def _interval(text: _Text) -> Interval:
    found = _match(_EFFECT, text, "is not an interval")
    low, high = _number(found["low"]), _number(found["high"])
    if low > high:
        raise Invalid(
            f"effect {text.value!r} has its larger end first",
            text.where,
            f"write {found['high']} to {found['low']}",
        )
    return Interval(low, high)


def _reach(text: _Text) -> Reach:
    found = _match(_REACH, text, "is not a number of units in a period")
    count = _number(found["count"])
    if count <= 0:
        raise text.wrong("reaches nobody")
    return Reach(count=count, period=_period(found["period"], text), unit=found["unit"] or "")


def _period(name: str, text: _Text) -> Period:
    for period in PER_YEAR:
        if period == name:
            return period
    raise UnknownName.among(name, PER_YEAR, where=f"{text.where}, the period of reach")


def _budget(section: _Section) -> Budget:
    said = section.entries
    return Budget(
        p99_s=_seconds(section.text("p99")) if "p99" in said else None,
        memory_bytes=_size(section.text("memory")) if "memory" in said else None,
        wall_s=_seconds(section.text("wall")) if "wall" in said else None,
        start_s=_seconds(section.text("start")) if "start" in said else None,
    )


def _margin(text: _Text) -> Margin:
    found = _match(_MARGIN, text, "is not a number, nor a share of what the deployed model gains")
    number = _number(found["number"])
    if found["share"] is None:
        return Margin(value=number)
    if number > 100:
        raise text.wrong("is more than all of what the deployed model gains")
    return Margin(value=number / 100, share=True)


def _seconds(text: _Text) -> float:
    return duration(text.value, where=f"{text.where}, {text.key}").total_seconds()


def _size(text: _Text) -> int:
    found = _match(_SIZE, text, "is not an amount of memory")
    if found["unit"] not in _BYTES:
        raise UnknownName.among(found["unit"], _BYTES, where=f"{text.where}, the unit of memory")
    return round(_number(found["number"]) * _BYTES[found["unit"]])


def _match(grammar: re.Pattern[str], text: _Text, complaint: str) -> re.Match[str]:
    found = grammar.fullmatch(text.value)
    if found is None:
        raise text.wrong(complaint)
    return found


def _number(text: str) -> float:
    return float(text.replace("_", "").replace(",", "").replace("−", "-"))
