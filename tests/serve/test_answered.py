"""fullcycle.serve.answered: a key is answered once, for as long as it is remembered."""

import asyncio
from collections import OrderedDict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fullcycle.adapters.shared_answers import SharedAnswers
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


@pytest.fixture
def workers(tmp_path):
    """Two workers of one host."""
    files = [SharedAnswers(tmp_path / "keys", print) for _ in range(2)]
    yield [Answered(file) for file in files]
    for file in files:
        file.close()


def yes():
    return response(200, b"yes")


def never():
    raise AssertionError("it was decided twice")


async def soon(answer):
    await asyncio.sleep(0)
    return answer


def test_a_key_is_answered_alike_by_every_worker_of_a_host(workers):
    one, other = workers
    first = one.once("a", b"1", yes)

    assert other.once("a", b"1", never) == first
    assert asyncio.run(other.once_awaited("a", b"1", never)) == first
    with pytest.raises(Rejected) as caught:
        workers[1].once("a", b"2", never)
    assert caught.value.response.status == 422


def test_many_rows_that_one_worker_answered_another_gives_as_well(workers):
    one, other = workers
    first = asyncio.run(one.once_awaited("a", b"[1]", lambda: soon(yes())))

    assert asyncio.run(other.once_awaited("a", b"[1]", never)) == first


def test_a_key_that_another_worker_is_answering_is_told_to_come_again(workers):
    one, other = workers

    def deciding():
        with pytest.raises(Rejected) as caught:
            other.once("a", b"1", never)
        assert caught.value.response.status == 409
        return yes()

    first = one.once("a", b"1", deciding)

    assert other.once("a", b"1", never) == first


def test_what_one_worker_could_not_decide_another_may(workers):
    one, other = workers
    assert one.once("a", b"1", lambda: problem(503, "later")).status == 503
    with pytest.raises(ZeroDivisionError):
        one.once("b", b"1", lambda: 1 // 0)

    assert other.once("a", b"2", yes) == other.once("b", b"2", yes) == yes()
