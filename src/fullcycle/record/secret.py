"""Secrets stay in the environment: the record holds their names, errors hold none of them."""

import os
import re
from dataclasses import dataclass

from fullcycle.kernel import Invalid, Misconfigured

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_IN_URL = re.compile(r"(://[^\s:/?#@]*:)\S*@")
_IN_OPTION = re.compile(
    r"((?:password|passwd|pwd|sslpassword|passphrase|secret|token|api_?key|access_?key|signature|sig)\s*=\s*)"
    r"('(?:[^'\\]|\\.)*'|[^\s&;,]+)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Secret:
    """A password or key, read from the environment variable ``name`` whenever it is used.

    Only the name is ever shown, pickled or recorded.

    >>> Secret("SHOP_TOKEN")
    Secret('SHOP_TOKEN')
    """

    name: str

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not _NAME.fullmatch(self.name):
            # What was given may be the secret itself: it is not repeated.
            raise Invalid(
                "that is no name of an environment variable",
                "Secret(…)",
                'give the name, not the value: Secret("SHOP_TOKEN")',
            )

    def reveal(self) -> str:
        """The value, as the environment has it now.

        Raises:
            Misconfigured: where the variable is not set, or is empty.
        """
        value = os.environ.get(self.name)
        if not value:
            state = "not set" if value is None else "empty"
            raise Misconfigured(
                f"the environment variable {self.name} is {state}",
                f"Secret({self.name!r})",
                f"set it before you start: export {self.name}=…",
            )
        return value

    def __repr__(self) -> str:
        return f"Secret({self.name!r})"


def masked(text: str) -> str:
    """``text`` with every password in a URL or option replaced by ``***``.

    It rather masks too much: an ``@`` in an unescaped password hides the host as well.

    >>> masked("postgresql://ana:hunter2@db.shop/fullcycle?sslpassword=x")
    'postgresql://ana:***@db.shop/fullcycle?sslpassword=***'
    """
    return _IN_OPTION.sub(r"\1***", _IN_URL.sub(r"\1***@", text))
