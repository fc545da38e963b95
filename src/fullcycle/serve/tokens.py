"""Tokens: who may ask a service that others can reach, and for what.

A token is 256 random bits, shown once to whoever makes it. The record keeps its SHA-256 only.
A slow hash, as passwords need, would add nothing: there is no list of likely tokens to try,
and 2**256 random ones cannot be tried at any speed; yet it would cost every request.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from fullcycle.kernel import Conflict, Invalid, UnknownName, later
from fullcycle.record import Fact, Ledger, append_next, fact
from fullcycle.serve.routes import SCOPES

if TYPE_CHECKING:
    import hashlib
    import hmac
    import secrets
else:  # they bring OpenSSL, 4 MB of memory, and most services on one machine have no tokens
    hashlib, hmac, secrets = later("hashlib"), later("hmac"), later("secrets")

STREAM = "tokens"
PREFIX = "fc_"  # by which a scanner for leaked secrets, or a person, knows one

TOKEN_SCOPES = tuple(scope for scope in SCOPES if scope != "open")
"""What a token may be for."""

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_WHERE = "fullcycle token"


@fact("token.made")
class TokenMade(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody may ask, for what, and which service; ``""`` is any of the project's."""

    name: str
    sha256: str  # of the token, in hex
    scopes: tuple[str, ...]
    service: str = ""  # such as winback@prod


@fact("token.revoked")
class TokenRevoked(msgspec.Struct, frozen=True, kw_only=True):
    """From now on the token of that name opens nothing."""

    name: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class Token:
    """A token that is valid: all that is known of it, which is not the token."""

    name: str
    sha256: str
    scopes: frozenset[str]
    service: str
    at: int  # when it was made, microseconds since 1970 UTC
    by: str


class Tokens:
    """The tokens that a service takes."""

    def __init__(self, tokens: Iterable[Token] = ()) -> None:
        self.all = tuple(tokens)

    def of(self, presented: bytes) -> Token | None:
        """The token that was presented; None where it is no valid one.

        Every known digest is compared, each in constant time, so that how long it takes
        tells nothing of how near a guess was.
        """
        sent = hashlib.sha256(presented).hexdigest()
        found = None
        for token in self.all:
            if hmac.compare_digest(token.sha256, sent):
                found = token
        return found


def make_token(ledger: Ledger, name: str, scopes: Sequence[str], *, by: str, service: str = "") -> str:
    """Make a token; it is told here and never again.

    Raises:
        Invalid: for a name or scopes that are none.
        Conflict: where a valid token has that name.
    """
    if not _NAME.fullmatch(name):
        raise Invalid(f"{name[:70]!r} names no token", _WHERE, "use small letters, digits and . _ -")
    if not scopes or not set(scopes) <= set(TOKEN_SCOPES):
        known = ", ".join(TOKEN_SCOPES)
        raise Invalid("a token needs at least one scope", _WHERE, f"say --scope with one of {known}")
    facts = ledger.read(STREAM)
    if name in _valid(facts):
        raise Conflict(
            f"there is a token {name!r} already", _WHERE, f"revoke it first: fullcycle token revoke {name}"
        )
    token = PREFIX + secrets.token_urlsafe(32)
    body = TokenMade(
        name=name,
        sha256=hashlib.sha256(token.encode()).hexdigest(),
        scopes=tuple(sorted(set(scopes))),
        service=service,
    )
    ledger.append(STREAM, len(facts), body, by=by)
    return token


def revoke_token(ledger: Ledger, name: str, *, why: str, by: str) -> None:
    """Make a token open nothing, in every service of the project.

    Raises:
        UnknownName: where no valid token has that name.
    """
    valid = _valid(ledger.read(STREAM))
    if name not in valid:
        raise UnknownName.among(name, valid, where="the tokens that are valid")
    append_next(ledger, STREAM, TokenRevoked(name=name, why=why), by=by)


def valid_tokens(ledger: Ledger, service: str | None = None) -> Tokens:
    """The tokens that were made and not revoked; only those for ``service`` where one is named."""
    valid = _valid(ledger.read(STREAM)).values()
    return Tokens(token for token in valid if service is None or token.service in ("", service))


def _valid(facts: Iterable[Fact]) -> dict[str, Token]:
    valid: dict[str, Token] = {}
    for each in facts:
        body = each.body
        if isinstance(body, TokenMade):
            scopes = frozenset(body.scopes)
            valid[body.name] = Token(body.name, body.sha256, scopes, body.service, each.at, each.by)
        elif isinstance(body, TokenRevoked):
            valid.pop(body.name, None)
    return valid
