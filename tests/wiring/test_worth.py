"""fullcycle.wiring.worth: what matters in money needs something that says what the metric is worth."""

import msgspec
import pytest

from fullcycle.brief import parse_brief
from fullcycle.example import shop
from fullcycle.experiment import headline, readout
from fullcycle.kernel import Invalid, Money
from fullcycle.wiring.worth import rate_of, require_worth
from made_up_experiment import GOOD, metric, spec, told

MATTERS = Money(20_000, "USD")


@pytest.fixture(scope="module")
def brief():
    from importlib.resources import files

    return parse_brief((files(shop) / "winback" / "brief.md").read_text())


def test_the_briefs_own_metric_is_worth_what_the_brief_says(brief):
    require_worth(brief, spec(matters_worth=MATTERS))
    require_worth(None, spec(matters=0.01))


def test_another_metric_says_itself_what_it_is_worth(brief):
    other = metric("opened", worth=Money(0.1, "USD"))
    found = msgspec.structs.replace(
        spec(metrics={"opened": other}, guardrails={}, matters_worth=MATTERS), primary="opened"
    )

    require_worth(brief, found)


@pytest.mark.parametrize(
    ("worth", "matters", "with_brief", "what", "mend"),
    [
        (
            None,
            MATTERS,
            True,
            "nothing says what one opened is worth",
            'in winback/flow.py: worth="0.80 USD"',
        ),
        (Money(0.1, "EUR"), MATTERS, True, "the metric tells what opened is worth in EUR", '"20000 EUR"'),
        (Money(0.1, "USD"), MATTERS, False, "no brief says how many units are reached", "winback/brief.md"),
    ],
    ids=["no worth", "another currency", "no brief"],
)
def test_money_that_the_metric_cannot_be_told_in_is_refused(brief, worth, matters, with_brief, what, mend):
    found = msgspec.structs.replace(
        spec(metrics={"opened": metric("opened", worth=worth)}, guardrails={}, matters_worth=matters),
        primary="opened",
    )

    with pytest.raises(Invalid) as refused:
        require_worth(brief if with_brief else None, found)

    assert (
        refused.value.what == f'matters="20,000.00 USD" is money a year, and {what}'
        or what in refused.value.what
    )
    assert refused.value.where == "the experiment trial in winback/experiment.py"
    assert mend in refused.value.mend


def test_an_experiment_of_before_that_was_refused_says_what_it_is_not_judged_by(brief):
    found = readout(spec(matters_worth=MATTERS), told(GOOD))
    worth = readout(spec(matters_worth=MATTERS), told(GOOD), rate=rate_of(brief, spec()))

    assert any("no arm is stopped for gaining too little" in note for note in found.notes)
    assert not any("gaining too little" in note for note in worth.notes)
    assert headline(found).startswith("Ship chosen")
