"""Answer one case: act, or not."""

import fullcycle as fc

from shop.skeleton.rows import Case, Traits, traits


class Answer(fc.Row):
    act: bool


def today(case: Case) -> Answer:
    """Today's practice; it also answers where the model cannot."""
    return Answer(False)


@fc.service(fallback=today)
def decide(case: Case, chance: fc.Model[Traits]) -> Answer:
    """Act where it is more likely than not. The argument `chance` is the model of that name in flow.py."""
    return Answer(chance.predict(traits(case)) > 0.5)
