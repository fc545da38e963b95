"""One grammar to point at anything.

``winback``, ``winback@42``, ``winback@v7``, ``winback@prod/step``, and ``demand@42/model[1/3]`` for an
element of a step that is called once per element.
"""

import re
from dataclasses import dataclass

from fullcycle.kernel.errors import Invalid

_GRAMMAR = re.compile(
    r"(?P<capability>[A-Za-z_][\w-]*)"
    r"(?:@(?:(?P<run>\d+)|v(?P<release>\d+)|(?P<environment>[A-Za-z_][\w-]*)))?"
    r"(?:/(?P<step>[A-Za-z_]\w*)(?:\[(?P<element>(?s:.+))\])?)?"
)


@dataclass(frozen=True, slots=True)
class Reference:
    """What a reference points at; at most one of run, release and environment is set."""

    capability: str
    run: int | None = None
    release: int | None = None
    environment: str | None = None
    step: str | None = None
    element: str | None = None  # its key as a user knows it

    @classmethod
    def parse(cls, text: str) -> "Reference":
        """Read a reference.

        Raises:
            Invalid: for anything else.

        >>> Reference.parse("winback@42/visit")
        Reference(capability='winback', run=42, release=None, environment=None, step='visit', element=None)
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
            found["element"],
        )

    def __str__(self) -> str:
        at = self.run or (f"v{self.release}" if self.release else self.environment)
        element = f"[{self.element}]" if self.element else ""
        return f"{self.capability}{f'@{at}' if at else ''}{f'/{self.step}{element}' if self.step else ''}"
