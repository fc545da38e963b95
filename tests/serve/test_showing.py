"""fullcycle.serve.showing: plain data, and nobody's."""

from datetime import UTC, date, datetime
from types import SimpleNamespace
from typing import Annotated, Any

import fullcycle as fc
from fullcycle.data import MASK
from fullcycle.serve.showing import Shown


class Client(fc.Row):
    client_id: Annotated[int, fc.key]
    name: Annotated[str, fc.personal]
    since: date
    seen: datetime | None = None


class Taste(fc.Row):
    client_id: Annotated[int, fc.key]
    likes: Annotated[list[float], fc.length(2), fc.personal]


class Seen(fc.Row):
    name: str
    likes: Annotated[list[float], fc.length(2)]
    n: int


class Offer(fc.Row):
    text: Annotated[str, fc.personal]


def released(answer: Any = Offer) -> Any:
    policy = SimpleNamespace(row=Client, live={"tastes": Taste}, answer_type=answer)
    return SimpleNamespace(row=Client, policies={"f": policy})


CLIENT = Client(7, "Ann", date(2026, 3, 1), datetime(2026, 3, 1, 9, 30, tzinfo=UTC))
MASKED = Shown.of(released(), reveal=False)
WHOLE = Shown.of(released(), reveal=True)


def test_a_row_is_shown_field_by_field_its_personal_ones_masked():
    plain = {"client_id": 7, "name": "Ann", "since": "2026-03-01", "seen": "2026-03-01T09:30:00Z"}

    assert WHOLE(CLIENT) == plain
    assert MASKED(CLIENT) == {**plain, "name": MASK}


def test_what_a_lookup_calls_personal_is_masked_there_and_where_it_is_copied_to():
    assert MASKED(Taste(7, [0.1, 0.2])) == {"client_id": 7, "likes": MASK}
    assert [one.value for one in MASKED.features(Seen("Ann", [0.1, 0.2], 3), [0.0] * 4)] == [
        MASK,
        MASK,
        MASK,
        3,
    ]
    assert [one.name for one in MASKED.features(Seen("Ann", [0.1, 0.2], 3), [0.0] * 4)] == [
        "name",
        "likes_0",
        "likes_1",
        "n",
    ]


def test_the_answer_is_masked_alone_or_in_a_list():
    several = Shown.of(released(list[Offer]), reveal=False)

    assert MASKED(Offer("hello Ann")) == {"text": MASK}
    assert several([Offer("hello Ann")]) == [{"text": MASK}]


def test_a_personal_value_that_is_not_there_is_no_secret():
    assert MASKED(None, "name") is None


def test_what_is_no_plain_data_is_shown_in_short():
    shown = MASKED(object())

    assert shown.startswith("<object object")
    assert len(MASKED(SimpleNamespace(a="x" * 500))) <= 80
