"""fullcycle.serve.tokens: made once, told once, kept as a digest, taken back for good."""

import hashlib
import re

import pytest

from fullcycle.kernel import Conflict, Invalid, UnknownName
from fullcycle.record import MemoryLedger, write_body
from fullcycle.serve.tokens import STREAM, make_token, revoke_token, valid_tokens


@pytest.fixture
def ledger():
    return MemoryLedger()


def make(ledger, name="crm", scopes=("decide",), **more):
    return make_token(ledger, name, scopes, by="ann", **more)


def test_a_token_is_long_random_and_known_by_its_beginning(ledger):
    made = {make(ledger, f"t{n}") for n in range(20)}

    assert len(made) == 20
    assert all(re.fullmatch(r"fc_[A-Za-z0-9_-]{43}", token) for token in made)


def test_the_record_keeps_the_digest_and_nothing_of_the_token(ledger):
    token = make(ledger, scopes=("read", "decide"), service="winback@prod")

    kept = write_body(ledger.read(STREAM)[0].body).text
    assert token[3:] not in kept
    assert hashlib.sha256(token.encode()).hexdigest() in kept
    known = valid_tokens(ledger).of(token.encode())
    assert (known.name, known.scopes, known.service, known.by) == (
        "crm",
        {"decide", "read"},
        "winback@prod",
        "ann",
    )


def test_nothing_but_the_whole_token_is_the_token(ledger):
    token = make(ledger).encode()
    tokens = valid_tokens(ledger)

    assert tokens.of(token) is not None
    for other in (b"", token[:-1], token + b"x", token.upper(), token[3:], b"\xff" * 46):
        assert tokens.of(other) is None


def test_each_of_several_tokens_is_found(ledger):
    made = {name: make(ledger, name) for name in ("a", "b", "c")}
    tokens = valid_tokens(ledger)

    assert {tokens.of(token.encode()).name: token for token in made.values()} == made


def test_a_token_for_one_service_is_none_of_another(ledger):
    make(ledger, "one", service="winback@prod")
    make(ledger, "any")

    assert [token.name for token in valid_tokens(ledger, "winback@prod").all] == ["one", "any"]
    assert [token.name for token in valid_tokens(ledger, "demand@prod").all] == ["any"]


def test_a_revoked_token_is_none_and_its_name_may_be_used_again(ledger):
    first = make(ledger)
    revoke_token(ledger, "crm", why="leaked", by="ann")

    assert valid_tokens(ledger).all == ()
    second = make(ledger)
    tokens = valid_tokens(ledger)
    assert tokens.of(first.encode()) is None
    assert tokens.of(second.encode()).name == "crm"


def test_a_name_that_is_taken_says_how_to_free_it(ledger):
    make(ledger)

    with pytest.raises(Conflict, match="already") as caught:
        make(ledger)
    assert caught.value.mend == "revoke it first: fullcycle token revoke crm"


@pytest.mark.parametrize("name", ["", "A b", "x" * 65, "../x", "é"])
def test_what_is_no_name_is_refused(ledger, name):
    with pytest.raises(Invalid, match="names no token"):
        make(ledger, name)


@pytest.mark.parametrize("scopes", [(), ("open",), ("decide", "admin")])
def test_a_token_is_for_scopes_that_there_are(ledger, scopes):
    with pytest.raises(Invalid, match="at least one scope") as caught:
        make(ledger, scopes=scopes)
    assert "decide, events, read, operate" in caught.value.mend


def test_revoking_an_unknown_token_names_the_nearest(ledger):
    make(ledger, "crm-batch")

    with pytest.raises(UnknownName, match="crm-bach") as caught:
        revoke_token(ledger, "crm-bach", why="", by="ann")
    assert "crm-batch" in caught.value.mend
