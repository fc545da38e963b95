"""Bandits in the artifact store, as JSON: numbers come back to the bit, and nothing in it is code."""

from typing import Any, get_args, get_origin

import msgspec

from fullcycle.bandit.form import Form
from fullcycle.bandit.learnt import LearntBandit
from fullcycle.data import Row, schema, unwrapped
from fullcycle.data.restored import restored
from fullcycle.feature import Bandit
from fullcycle.kernel import Digest, digest_parts, digest_value
from fullcycle.record import unreadable

_ENCODER = msgspec.json.Encoder(order="deterministic")


class BanditCodec:
    """Stores what a bandit has learnt; it comes back asked by the row that is asked for.

    Where none is, as in a notebook, by one made of what the bandit's own row said.
    """

    name = "bandit@1"
    suffix = ".bandit.json"

    def matches(self, value: object) -> bool:
        """Whether it is a bandit that was learnt."""
        return isinstance(value, LearntBandit)

    def encode(self, value: LearntBandit[Any]) -> bytes:
        """Its form."""
        return _ENCODER.encode(value.form)

    def decode(self, data: bytes) -> LearntBandit[Any]:
        """Read a form.

        Raises:
            Damaged: where it is none.
        """
        try:
            form = msgspec.json.decode(data, type=Form)
            contract = restored(form.contract)
        except (msgspec.MsgspecError, UnicodeDecodeError, KeyError) as error:
            raise unreadable("a bandit", error) from error
        if not form.fits:
            raise unreadable("a bandit", "its parts do not fit together")
        return LearntBandit(form, contract)

    def fit(self, value: LearntBandit[Any], kind: Any) -> LearntBandit[Any]:
        """The bandit as ``fc.Bandit[Context]`` asks for it.

        Raises:
            Invalid: where that row says something else than the one it learnt from.
        """
        base, _, _ = unwrapped(kind)
        for contract in get_args(base) if get_origin(base) in (Bandit, LearntBandit) else ():
            if isinstance(contract, type) and issubclass(contract, Row) and contract is not Row:
                return value.of(contract)
        return value

    def content(self, value: LearntBandit[Any], data: bytes) -> Digest:
        """Digest of the form."""
        return digest_parts(self.name, [data])


def asked_by(contract: type[Row] | dict[str, Any]) -> Digest:
    """A digest of what a bandit is asked by; none of a lookup of the same rows."""
    told = contract if isinstance(contract, dict) else schema(contract)
    return digest_value("bandit-contract@1", told)
