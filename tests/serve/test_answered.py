"""fullcycle.serve.answered: a key is answered once, for as long as it is remembered."""

from collections import OrderedDict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fullcycle.serve.answered import Answered
from fullcycle.serve.problem import problem, response
from fullcycle.serve.reading import Rejected


class Asked:
    """Answers each request with how many there were."""

    def __init__(self, **limits):
        self.answered = Answered(**limits)
        self.decided = 0

    def decide(self):
        self.decided += 1
        return response(200, b"%d" % self.decided)

    def __call__(self, key, body=b"{}"):
        return self.answered.once(key, body, self.decide).body


def test_the_oldest_key_is_forgotten_first():
    ask = Asked(keys=2)

    assert [ask(key) for key in ("a", "b", "a", "c", "c", "b", "a")] == [
        b"1", b"2", b"1", b"3", b"3", b"2", b"4",
    ]  # fmt: skip


def test_large_answers_are_remembered_for_fewer_keys():
    answered = Answered(most_bytes=2_500)
    large = [response(200, b"%d" % n * 1_000) for n in range(3)]
    for n in range(3):
        answered.once(f"{n}", b"{}", lambda n=n: large[n])

    assert answered.once("2", b"{}", lambda: large[0]) is large[2]
    assert answered.once("1", b"{}", lambda: large[0]) is large[1]
    assert answered.once("0", b"{}", lambda: large[2]) is large[2]


def test_what_was_no_decision_is_not_remembered():
    answered = Answered()
    assert answered.once("a", b"1", lambda: problem(503, "later")).status == 503

    assert answered.once("a", b"2", lambda: response(200, b"yes")).body == b"yes"


def test_what_raises_is_not_remembered():
    answered = Answered()
    with pytest.raises(ZeroDivisionError):
        answered.once("a", b"1", lambda: 1 // 0)

    assert answered.once("a", b"2", lambda: response(200, b"yes")).body == b"yes"


@given(st.lists(st.tuples(st.sampled_from("abcde"), st.sampled_from([b"1", b"2"]))), st.integers(1, 4))
def test_it_answers_as_a_list_of_the_last_keys_would(asked, keys):
    ask = Asked(keys=keys)
    expected: OrderedDict[str, tuple[bytes, bytes]] = OrderedDict()
    for key, body in asked:
        if key in expected and expected[key][0] != body:
            with pytest.raises(Rejected) as caught:
                ask(key, body)
            assert caught.value.response.status == 422
            continue
        if key not in expected:
            expected[key] = body, b"%d" % (ask.decided + 1)
            while len(expected) > keys:
                expected.popitem(last=False)
        known = expected[key][1]
        assert ask(key, body) == known
