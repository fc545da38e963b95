import fullcycle as fc

from shop.winback.rows import Client, Traits, traits
from shop.winback.service import Offer, choose, today


def test_a_client_gets_what_makes_a_visit_most_likely() -> None:
    client = fc.testing.row(Client, zip_code="Urban")

    def likes_mens(seen: Traits) -> float:
        return 0.2 if seen.campaign == "Mens E-Mail" else 0.1

    assert choose(client, fc.testing.model(likes_mens)) == Offer("Mens E-Mail")


def test_today_everybody_gets_the_womens_e_mail() -> None:
    for client in fc.testing.rows(Client, 20):
        assert today(client) == Offer("Womens E-Mail")


def test_a_client_who_spent_nothing_has_a_history_of_zero() -> None:
    client = fc.testing.row(Client, history=0.0)

    assert traits(client, "No E-Mail").log_history == 0.0
