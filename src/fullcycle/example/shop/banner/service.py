"""Show one banner to one visitor."""

import fullcycle as fc

from shop.banner.rows import BANNERS, Banner, Context, Habit, Visit, context


class Shown(fc.Row):
    banner: Banner


def sale(visit: Visit) -> Shown:
    """Today's practice: everybody sees the sale."""
    return Shown("sale")


@fc.service(fallback=sale)
def show(visit: Visit, habits: fc.Lookup[Habit], banners: fc.Bandit[Context], draw: fc.Draw) -> Shown:
    """Draw by what was learnt of visits like this one."""
    habit = habits.get(visit.client_id) if visit.client_id is not None else None
    return Shown(draw.pick(banners.weights(context(visit, habit), BANNERS)))
