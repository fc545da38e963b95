"""Answer one client with one campaign."""

import fullcycle as fc

from shop.winback.rows import CAMPAIGNS, Campaign, Client, Traits, traits


class Offer(fc.Row):
    campaign: Campaign


def today(client: Client) -> Offer:
    """Today's practice: the women's e-mail to everybody."""
    return Offer("Womens E-Mail")


@fc.service(fallback=today)
def choose(client: Client, visit: fc.Model[Traits]) -> Offer:
    """Send what makes a visit most likely."""
    return Offer(max(CAMPAIGNS, key=lambda campaign: visit.predict(traits(client, campaign))))
