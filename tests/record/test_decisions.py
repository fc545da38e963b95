"""fullcycle.record.decisions: a decision in the log, and each id once."""

import pytest

from fullcycle.kernel import Invalid
from fullcycle.record import Decision, decode_decision, each_once, encode_decision, events_stream

FULL = Decision(
    id="d1",
    at=1_700_000_000_000_001,
    capability="winback",
    environment="prod",
    release=3,
    request={"history": 0.1 + 0.2, "zip": None},
    answer=[{"campaign": "Mens"}],
    experiment="trial",
    unit="c7",
    arm="chosen",
    arm_probability=0.5,
    propensity=1.0,
    fallback=True,
    micros=120,
)


def test_a_decision_comes_back():
    assert decode_decision(encode_decision(FULL)) == FULL


def test_what_is_not_so_is_not_written():
    short = Decision(id="d", at=1, capability="c", environment="e", release=1, request={}, answer={})

    assert encode_decision(short) == (
        b'{"id":"d","at":1,"capability":"c","environment":"e","release":1,"request":{},"answer":{}}'
    )
    assert decode_decision(encode_decision(short)) == short


def test_the_first_of_an_id_counts():
    again = Decision(id="d1", at=2, capability="c", environment="e", release=9, request={}, answer={})

    assert list(each_once([FULL, again, FULL])) == [FULL]


def test_each_service_has_its_stream():
    assert events_stream("winback", "prod") == "events/winback/prod"


@pytest.mark.parametrize("payload", [b"", b"{}", b"\xff", b'{"id":1}'])
def test_what_is_no_decision_is_refused(payload):
    with pytest.raises(Invalid, match=r"it is no decision(.|\n)*upgrade"):
        decode_decision(payload)
