"""The hosts of an environment, met by who deploys or publishes there."""

import platform
from dataclasses import dataclass, field

from fullcycle.adapters.workers import lives
from fullcycle.release import Activation, Host
from fullcycle.release.activation import WAIT_S, Report
from fullcycle.wiring.project import Project


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a host is waited for, and whether one that is not ready stops a deployment."""

    wait_s: float = WAIT_S
    anyway: bool = False


@dataclass(frozen=True, slots=True)
class Heard:
    """The hosts that do what was decided, and why which others do not."""

    done: tuple[str, ...] = ()
    late: dict[str, str] = field(default_factory=dict)

    def told(self, one: str, many: str) -> list[str]:
        """A line that says who does it; none where nobody does."""
        if not self.done:
            return []
        return [f"{len(self.done)} hosts {many}" if len(self.done) > 1 else f"host {self.done[0]} {one}"]


class Meeting:
    """The hosts that serve a capability in an environment now, each waited for with patience."""

    def __init__(
        self, project: Project, capability: str, environment: str, patience: Patience | None = None
    ) -> None:
        self._activation = Activation(project.ledger, capability, environment)
        self._what = f"{capability}@{environment}"
        self._capability = capability
        self._by = project.author
        self._patience = patience or Patience()
        self.hosts = self._activation.hosts()
        self._since = self._activation.position()
        self._silent: list[str] = []

    def stage(self, number: int) -> None:
        """Have a release ready on every host.

        Raises:
            Refused: where a host is not ready.
        """
        if not self.hosts:
            return
        self._since = self._activation.propose(number, by=self._by)
        report = self._activation.await_staged(
            self._since, self.hosts, gone=_gone, wait_s=self._patience.wait_s
        )
        if not self._patience.anyway:
            self._activation.require_staged(f"{self._capability}@v{number}", report)
        self._silent = report.silent

    def answered(self, deployment: int) -> Heard:
        """Who answers with a deployment, once each host has said so or was waited for."""
        asked = {name: host for name, host in self.hosts.items() if name not in self._silent}
        report = self._activation.await_answered(
            deployment, self._since, asked, gone=_gone, wait_s=self._patience.wait_s
        )
        return self._heard(report, f"deployment {deployment}")

    def taken_up(self, publication: int) -> Heard:
        """Who asks what was published, once each host has said so or was waited for."""
        report = self._activation.await_taken_up(
            publication, self._since, self.hosts, gone=_gone, wait_s=self._patience.wait_s
        )
        return self._heard(report, f"publication {publication}")

    def _heard(self, report: Report, what: str) -> Heard:
        late = dict(report.refused)
        for name in sorted({*self._silent, *report.silent}):
            late[name] = self._why_silent(self.hosts[name])
            self._activation.give_up(name, f"silent at {what}", by=self._by)
        return Heard(tuple(report.done), late)

    def _why_silent(self, host: Host) -> str:
        if _gone(host):
            return (
                f"its supervisor (process {host.pid}) is gone; workers that it left answer what they did "
                f"before: fullcycle serve {self._what}"
            )
        return f"nothing was heard of it within {self._patience.wait_s:g} s"


def _gone(host: Host) -> bool:
    return host.machine == platform.node() and not lives(host.pid)
