"""How every host comes to answer with what is deployed: stage, commit, converge.

Who deploys and the hosts that answer meet in one stream of the ledger, on one machine as on
many. Only the deployment between staging and converging decides anything: whoever dies
before it has changed nothing, and after it the hosts go on by themselves.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from fullcycle.kernel import Refused
from fullcycle.record import Fact, Ledger, append_next
from fullcycle.release.facts import (
    DeploymentAnswered,
    DeploymentProposed,
    DeploymentStaged,
    HostJoined,
    HostLeft,
    activation_stream,
)

WAIT_S = 30.0
"""How long a deployment waits for a host, in seconds."""

_LOOK_S = 0.004
_LONGEST_LOOK_S = 0.05


@dataclass(frozen=True, slots=True)
class Host:
    """A supervisor that said it keeps workers answering, and has not left."""

    name: str
    machine: str
    pid: int


@dataclass(slots=True)
class Report:
    """What the hosts said; ``silent`` are those that said nothing in time."""

    done: list[str] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)  # why, by host
    silent: list[str] = field(default_factory=list)


Gone = Callable[[Host], bool]
"""Whether a host is known to be dead; one on another machine cannot be known to be."""


class Activation:
    """The meeting of one environment's hosts and of who deploys there."""

    def __init__(self, ledger: Ledger, capability: str, environment: str) -> None:
        self._ledger = ledger
        self._stream = activation_stream(capability, environment)
        self._where = f"{capability}@{environment}"

    def hosts(self) -> dict[str, Host]:
        """The hosts that a deployment waits for, by name."""
        return _folded(self._ledger.read(self._stream))

    def position(self) -> int:
        """Where the stream ends now: what is said after it is heard by who waits."""
        return self._ledger.heads(self._stream).get(self._stream, 0)

    def propose(self, release: int, *, by: str) -> int:
        """Ask every host to have a release ready; the proposal's number."""
        return append_next(self._ledger, self._stream, DeploymentProposed(release=release), by=by).position

    def await_staged(self, proposal: int, hosts: dict[str, Host], *, gone: Gone, wait_s: float) -> Report:
        """Wait until each host is ready for a proposal or says why not, ``wait_s`` seconds at most."""

        def said(fact: Fact) -> tuple[str, str] | None:
            body = fact.body
            mine = isinstance(body, DeploymentStaged) and body.proposal == proposal
            return (body.host, body.why) if mine else None

        return self._await(proposal, hosts, said, gone, wait_s)

    def await_answered(
        self, deployment: int, since: int, hosts: dict[str, Host], *, gone: Gone, wait_s: float
    ) -> Report:
        """Wait until each host answers with a deployment or says why not, since a proposal before it."""

        def said(fact: Fact) -> tuple[str, str] | None:
            body = fact.body
            mine = isinstance(body, DeploymentAnswered) and body.deployment >= deployment
            return (body.host, body.why) if mine else None

        return self._await(since, hosts, said, gone, wait_s)

    def await_taken_up(
        self, publication: int, since: int, hosts: dict[str, Host], *, gone: Gone, wait_s: float
    ) -> Report:
        """Wait until each host asks what was published or says why not, since a position before it."""

        def said(fact: Fact) -> tuple[str, str] | None:
            body = fact.body
            mine = isinstance(body, DeploymentAnswered) and body.live >= publication
            return (body.host, body.why) if mine else None

        return self._await(since, hosts, said, gone, wait_s)

    def give_up(self, host: str, why: str, *, by: str) -> None:
        """Wait for a host no more; it joins again as soon as it reads this."""
        append_next(self._ledger, self._stream, HostLeft(host=host, why=why), by=by)

    def require_staged(self, ref: str, report: Report) -> None:
        """Refuse where a host cannot answer with a release.

        Raises:
            Refused: naming each such host, and why.
        """
        if report.refused:
            whys = "; ".join(f"{host}: {why}" for host, why in sorted(report.refused.items()))
            raise Refused(
                f"{ref} was not deployed: {_hosts(len(report.refused))} not ready for it ({whys})",
                self._where,
                "mend what is told there, or deploy although: --anyway",
            )

    def _await(
        self,
        since: int,
        hosts: dict[str, Host],
        said: Callable[[Fact], tuple[str, str] | None],
        gone: Gone,
        wait_s: float,
    ) -> Report:
        report, missing = Report(), dict(hosts)
        until, look = time.monotonic() + wait_s, _LOOK_S
        while True:
            for fact in self._ledger.read(self._stream, since):
                since = fact.position
                found = said(fact)
                if found is not None and missing.pop(found[0], None) is not None:
                    _note(report, *found)
                elif isinstance(fact.body, HostLeft):
                    missing.pop(fact.body.host, None)  # it went meanwhile: nobody is answered there
            left = until - time.monotonic()
            dead = [name for name, host in missing.items() if gone(host)]
            if left <= 0 or len(dead) == len(missing):
                report.silent = sorted(missing)
                return report
            time.sleep(min(look, left))
            look = min(look * 1.1, _LONGEST_LOOK_S)


def _note(report: Report, host: str, why: str) -> None:
    if why:
        report.refused[host] = why
    else:
        report.done.append(host)


def _folded(facts: list[Fact]) -> dict[str, Host]:
    hosts: dict[str, Host] = {}
    for fact in facts:
        match fact.body:
            case HostJoined() as joined:
                hosts[joined.host] = Host(joined.host, joined.machine, joined.pid)
            case HostLeft() as left:
                hosts.pop(left.host, None)
    return hosts


def _hosts(count: int) -> str:
    return "one host is" if count == 1 else f"{count} hosts are"
