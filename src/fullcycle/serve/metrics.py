"""What a service counts, and how ``/metrics`` tells it.

Each worker counts in memory of its own, a row of eight-byte numbers that the process which is
asked for ``/metrics`` can read: it adds up those of all workers, also of those that have
ended. So a count costs one addition and no lock, and a total never falls.

The memory is a list of blocks, each with its labels and its numbers. A block is appended, and
only then is the number of words in use raised; nothing is ever moved. Where it is full,
further labels are counted under ``other``.

Source: Prometheus text exposition format, version 0.0.4.
"""

from array import array
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

CONTENT_TYPE = b"text/plain; version=0.0.4; charset=utf-8"

BOUNDS_US = (25, 50, 75, 100, 150, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 100_000, 1_000_000)
"""The histogram's upper bounds, in microseconds; what is above the last has a bucket of its own."""

Words = memoryview
"""Eight-byte numbers, written one at a time by one worker, read by any."""

_OTHER = "other"
_SEPARATOR = "\x1f"
_USED = 0  # the word that says how many are in use
_REQUESTS, _DECISIONS, _FAILURES, _UNRECORDED, _SHED, _FAULTS, _UNLOGGED, _RECEIVED = range(1, 9)
_LABELS: Mapping[int, tuple[str, ...]] = {
    _REQUESTS: ("route", "release"),
    _DECISIONS: ("release", "arm"),
    _FAILURES: ("release", "arm", "function", "error"),
    _UNRECORDED: ("release",),
    _SHED: (),
    _FAULTS: (),
    _UNLOGGED: ("release",),
    _RECEIVED: ("event",),
}
_CLASSES = 5  # of statuses: 1xx to 5xx
_SUM, _FALLBACKS, _SLOW, _BUCKETS = 0, 1, 2, 3  # in a block of decisions
_SIZES = {_REQUESTS: _CLASSES, _DECISIONS: _BUCKETS + len(BOUNDS_US) + 1}
_RESERVED = 64  # words kept for the blocks of ``other``
_LONGEST = 200  # characters of a label


class Meter:
    """A worker's counts; ``words`` go on where an earlier worker left them."""

    def __init__(self, words: "Words[int] | None" = None, *, slow_us: int = 1_000_000) -> None:
        self.words = memoryview(array("Q", bytes(8 * 4096))) if words is None else words
        self._slow_us = slow_us
        self._blocks = {(block.kind, block.labels): block.base for block in _read(self.words)}
        self._requests: dict[tuple[str, str], int] = {}
        self._decisions: dict[tuple[str, str], int] = {}

    def requested(self, route: str, release: str, status: int) -> None:
        """Count an answer."""
        base = self._requests.get((route, release))
        if base is None:
            base = self._requests[route, release] = self._block(_REQUESTS, (route, release))
        self.words[base + status // 100 - 1] += 1

    def decided(self, release: str, arm: str, micros: int, *, fallback: bool) -> None:
        """Count a decision and the time it took."""
        words = self.words
        base = self._decisions.get((release, arm))
        if base is None:
            base = self._decisions[release, arm] = self._block(_DECISIONS, (release, arm))
        words[base] += micros  # _SUM
        words[base + _BUCKETS + bisect_left(BOUNDS_US, micros)] += 1
        if fallback:
            words[base + _FALLBACKS] += 1
        if micros > self._slow_us:
            words[base + _SLOW] += 1

    def failed(self, release: str, arm: str, function: str, error: str) -> None:
        """Count that a function of the release, or a model it asked, failed."""
        self.words[self._block(_FAILURES, (release, arm, function, error))] += 1

    def unrecorded(self, release: str, many: int = 1) -> None:
        """Count decisions that the log did not take."""
        self.words[self._block(_UNRECORDED, (release,))] += many

    def unlogged(self, release: str, many: int) -> None:
        """Count those of them that were answered all the same."""
        self.words[self._block(_UNLOGGED, (release,))] += many

    def received(self, event: str, many: int) -> None:
        """Count rows of an event that the log took."""
        self.words[self._block(_RECEIVED, (event,))] += many

    def shed(self) -> None:
        """Count a request that was turned away because too many, or too many long ones, were in flight."""
        self.words[self._block(_SHED, ())] += 1

    def faulted(self) -> None:
        """Count a fault of the server itself."""
        self.words[self._block(_FAULTS, ())] += 1

    def _block(self, kind: int, labels: tuple[str, ...]) -> int:
        base = self._blocks.get((kind, labels))
        if base is None:
            base = self._blocks[kind, labels] = self._append(kind, labels)
        return base

    def _append(self, kind: int, labels: tuple[str, ...]) -> int:
        other = (_OTHER,) * len(labels)
        text = _SEPARATOR.join(map(_storable, labels)).encode(errors="replace")
        used = self.words[_USED] or 1
        taken = -(-len(text) // 8)
        size = _SIZES.get(kind, 1)
        room = len(self.words) - (0 if labels == other else _RESERVED)
        if used + 1 + taken + size > room:
            return self._block(kind, other)
        self.words[used] = kind << 32 | len(text) << 16 | size
        for n in range(taken):
            self.words[used + 1 + n] = int.from_bytes(text[8 * n : 8 * n + 8].ljust(8, b"\0"), "little")
        base = used + 1 + taken
        for n in range(size):
            self.words[base + n] = 0
        self.words[_USED] = base + size  # from here on it is read
        return base


def _storable(label: str) -> str:
    return label[:_LONGEST].replace(_SEPARATOR, " ")


@dataclass(frozen=True, slots=True)
class _Block:
    kind: int
    labels: tuple[str, ...]
    base: int
    size: int


def _read(words: "Words[int]") -> list[_Block]:
    blocks, at, used = [], 1, words[_USED]
    while at < used:
        kind, length, size = words[at] >> 32, words[at] >> 16 & 0xFFFF, words[at] & 0xFFFF
        taken = -(-length // 8)
        text = b"".join(words[at + 1 + n].to_bytes(8, "little") for n in range(taken))[:length]
        labels = tuple(text.decode().split(_SEPARATOR)) if _LABELS[kind] else ()
        blocks.append(_Block(kind, labels, at + 1 + taken, size))
        at += 1 + taken + size
    return blocks


def refusals(words: "Words[int]") -> int:
    """How many requests a worker has turned away, without a look at what else it counted."""
    at, used = 1, words[_USED]
    while at < used:
        head = words[at]
        at += 1 - (-(head >> 16 & 0xFFFF) // 8)
        if head >> 32 == _SHED:
            return words[at]
        at += head & 0xFFFF
    return 0


@dataclass(frozen=True, slots=True)
class Census:
    """All that a service's workers counted, and how things stand now."""

    counted: Sequence["Words[int]"]  # of each worker, those that have ended among them
    in_flight: int
    workers: int = 1
    generation: int = 0  # of the deployments, as the workers were told; 0 for none


def exposition(service: str, census: Census) -> bytes:
    """What ``/metrics`` says; ``service`` is a label of every line, such as ``winback@prod``."""
    sums: dict[int, dict[tuple[str, ...], list[int]]] = defaultdict(dict)
    for words in census.counted:
        for block in _read(words):
            numbers = [words[block.base + n] for n in range(block.size)]
            known = sums[block.kind].get(block.labels, [0] * block.size)
            sums[block.kind][block.labels] = [a + b for a, b in zip(known, numbers, strict=True)]
    page = _Page(service)
    page.family("requests_total", "counter", "Answers by route, release and class of status.")
    for labels, classes in sorted(sums[_REQUESTS].items()):
        for n, count in enumerate(classes, start=1):
            if count:
                page.line("requests_total", _named(_REQUESTS, labels) | {"status": f"{n}xx"}, count)
    _decisions(page, sums[_DECISIONS])
    for kind, name, told in _COUNTERS:
        page.family(name, "counter", told)
        if not _LABELS[kind]:
            sums[kind].setdefault((), [0])
        for labels, numbers in sorted(sums[kind].items()):
            page.line(name, _named(kind, labels), numbers[0])
    for name, told, value in (
        ("in_flight", "Requests that have begun and are not answered.", census.in_flight),
        ("workers", "Processes that answer.", census.workers),
        ("generation", "Which deployment should answer, by its number.", census.generation),
    ):
        page.family(name, "gauge", told)
        page.line(name, {}, value)
    return page.text()


_COUNTERS = (
    (_FAILURES, "failures_total", "Functions of a release that raised, or broke their contract, by error."),
    (_UNRECORDED, "unrecorded_total", "Decisions that the log did not take."),
    (_UNLOGGED, "unlogged_total", "Those of them that were answered all the same."),
    (_RECEIVED, "events_total", "Rows of events that were received and logged."),
    (_SHED, "shed_total", "Requests turned away because too many were in flight."),
    (_FAULTS, "faults_total", "Faults of the server itself."),
)


def _decisions(page: "_Page", sums: Mapping[tuple[str, ...], list[int]]) -> None:
    page.family("decision_seconds", "histogram", "Time to decide, by release and arm.")
    for labels, numbers in sorted(sums.items()):
        named, so_far = _named(_DECISIONS, labels), 0
        bounds = [*(f"{bound / 1e6:g}" for bound in BOUNDS_US), "+Inf"]
        for bound, count in zip(bounds, numbers[_BUCKETS:], strict=True):
            so_far += count
            page.line("decision_seconds_bucket", named | {"le": bound}, so_far)
        page.line("decision_seconds_sum", named, numbers[_SUM] / 1e6)
        page.line("decision_seconds_count", named, so_far)
    for at, name, told in (
        (_FALLBACKS, "fallbacks_total", "Decisions that the fallback answered."),
        (_SLOW, "slow_decisions_total", "Decisions that took longer than the limit decide_s."),
    ):
        page.family(name, "counter", told)
        for labels, numbers in sorted(sums.items()):
            page.line(name, _named(_DECISIONS, labels), numbers[at])


def _named(kind: int, labels: tuple[str, ...]) -> dict[str, str]:
    return dict(zip(_LABELS[kind], labels, strict=True))


class _Page:
    """Lines of the text format."""

    def __init__(self, service: str) -> None:
        self._service = service
        self._lines: list[str] = []

    def family(self, name: str, kind: str, told: str) -> None:
        self._lines += [f"# HELP fullcycle_{name} {told}", f"# TYPE fullcycle_{name} {kind}"]

    def line(self, name: str, labels: Mapping[str, str], value: float) -> None:
        told = ",".join(f'{label}="{_escaped(text)}"' for label, text in _all(self._service, labels))
        self._lines.append(f"fullcycle_{name}{{{told}}} {value!r}")

    def text(self) -> bytes:
        return ("\n".join(self._lines) + "\n").encode()


def _all(service: str, labels: Mapping[str, str]) -> list[tuple[str, str]]:
    return [("service", service), *labels.items()]


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
