"""fullcycle.record.secret: names are told, values never."""

import copy
import pickle

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fullcycle.kernel import Invalid, Misconfigured
from fullcycle.record import Secret, masked


def test_a_secret_is_read_when_it_is_used(monkeypatch):
    secret = Secret("SHOP_TOKEN")
    for value in ("hunter2", "changed"):
        monkeypatch.setenv("SHOP_TOKEN", value)
        assert secret.reveal() == value


def test_nothing_shows_the_value(monkeypatch):
    monkeypatch.setenv("SHOP_TOKEN", "hunter2")
    secret = Secret("SHOP_TOKEN")
    secret.reveal()
    shown = [
        repr(secret),
        str(secret),
        f"{secret}",
        repr([secret]),
        pickle.dumps(secret),
        msgspec.json.encode(secret),
    ]

    assert all("hunter2" not in (one if isinstance(one, str) else one.decode("latin-1")) for one in shown)
    assert repr(secret) == "Secret('SHOP_TOKEN')"
    assert msgspec.json.encode(secret) == b'{"name":"SHOP_TOKEN"}'
    assert pickle.loads(pickle.dumps(secret)) == copy.deepcopy(secret) == secret


@pytest.mark.parametrize("value", [None, ""])
def test_a_variable_that_is_not_set_is_named(monkeypatch, value):
    monkeypatch.delenv("SHOP_TOKEN", raising=False)
    if value is not None:
        monkeypatch.setenv("SHOP_TOKEN", value)

    with pytest.raises(Misconfigured, match=r"SHOP_TOKEN is (not set|empty)(.|\n)*export SHOP_TOKEN=…"):
        Secret("SHOP_TOKEN").reveal()


@pytest.mark.parametrize("given", ["hunter-2!", "", "with space", 7, None])
def test_a_value_given_for_a_name_is_refused_and_not_repeated(given):
    with pytest.raises(Invalid, match="give the name, not the value") as caught:
        Secret(given)
    assert not given or str(given) not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("postgresql://ana:hunter2@db/shop", "postgresql://ana:***@db/shop"),
        ("postgresql://:hunter2@db/shop", "postgresql://:***@db/shop"),
        ("postgresql://ana:p@ss/wo:rd@db:5432/shop", "postgresql://ana:***@db:5432/shop"),
        ("cannot reach s3://key:hunter2@store/x, sorry", "cannot reach s3://key:***@store/x, sorry"),
        ("host=db password=hunter2 user=ana", "host=db password=*** user=ana"),
        (r"host=db password='hun \' ter2' user=ana", "host=db password=*** user=ana"),
        ("postgresql:///shop?user=ana&password=hunter2&x=1", "postgresql:///shop?user=ana&password=***&x=1"),
        ("https://api/x?access_key=hunter2", "https://api/x?access_key=***"),
    ],
)
def test_passwords_are_masked_wherever_they_stand(text, shown):
    assert masked(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "sqlite:///.fullcycle/ledger.db",
        "postgresql:///shop",
        "postgresql://ana@db/shop",
        "at 10:30 a@b.c",
        "",
    ],
)
def test_what_holds_no_password_is_left_alone(text):
    assert masked(text) == text


@given(st.text(st.characters(exclude_categories=["Z", "C"]), min_size=12))
def test_no_password_survives(password):
    assert password not in masked(f"postgresql://ana:{password}@db/shop")
