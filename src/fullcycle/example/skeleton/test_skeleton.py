import fullcycle as fc

from shop.skeleton.rows import Case, Traits, traits
from shop.skeleton.service import Answer, decide, today


def test_a_case_is_acted_on_where_it_is_more_likely_than_not() -> None:
    def likelier_when_new(seen: Traits) -> float:
        return 0.6 if seen.kind == "new" else 0.4

    chance = fc.testing.model(likelier_when_new)

    assert decide(fc.testing.row(Case, kind="new"), chance) == Answer(True)
    assert decide(fc.testing.row(Case, kind="known"), chance) == Answer(False)


def test_today_nothing_is_done() -> None:
    for case in fc.testing.rows(Case, 20):
        assert today(case) == Answer(False)


def test_an_amount_of_zero_stays_zero() -> None:
    assert traits(fc.testing.row(Case, amount=0.0)).log_amount == 0.0
