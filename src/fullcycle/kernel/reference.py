"""One grammar to point at anything: ``winback``, ``winback@42``, ``winback@v7``, ``winback@prod/step``."""

import re
from dataclasses import dataclass

from fullcycle.kernel.errors import Invalid

_GRAMMAR = re.compile(
    r"(?P<capability>[A-Za-z_][\w-]*)"
    r"(?:@(?:(?P<run>\d+)|v(?P<release>\d+)|(?P<environment>[A-Za-z_][\w-]*)))?"
    r"(?:/(?P<step>[A-Za-z_]\w*))?"
)


@dataclass(frozen=True, slots=True)
class Reference:
    """What a reference points at; at most one of run, release and environment is set."""

    capability: str
    run: int | None = None
    release: int | None = None
    environment: str | None = None
    step: str | None = None

    @classmethod
    def parse(cls, text: str) -> "Reference":
        """Read a reference.

        Raises:
            Invalid: for anything else.

        >>> Reference.parse("winback@42/visit")
        Reference(capability='winback', run=42, release=None, environment=None, step='visit')
        """
        found = _GRAMMAR.fullmatch(text)
        if found is None:
            raise Invalid(
                f"{text!r} is not a reference",
                "what was typed",
                "write winback, winback@42 (a run), winback@v7 (a release) or winback@prod (deployed)",
            )
        run, release = found["run"], found["release"]
        return cls(
            found["capability"],
            int(run) if run else None,
            int(release) if release else None,
            found["environment"],
            found["step"],
        )

    def __str__(self) -> str:
        at = self.run or (f"v{self.release}" if self.release else self.environment)
        return f"{self.capability}{f'@{at}' if at else ''}{f'/{self.step}' if self.step else ''}"
