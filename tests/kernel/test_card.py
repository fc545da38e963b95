"""fullcycle.kernel.card: what a notebook shows."""

from fullcycle.kernel import Card


def test_whatever_is_in_a_card_is_escaped():
    nasty = "<script>alert(1)</script>"

    html = Card(nasty, {nasty: nasty}, (nasty,), [(nasty,)]).html()

    assert "<script" not in html
    assert html.count("&lt;script&gt;") == 5


def test_a_card_brings_no_colours_no_sheets_and_asks_nobody():
    html = Card("run", {"by": "ana"}, ("step", "rows"), [("a", 1_000)]).html()

    assert not any(word in html for word in ("color", "http", "class=", "<style", "background:#", "src="))
    assert "background:none" in html  # not the stripes that notebooks give to rows


def test_numbers_stand_at_the_right_and_what_is_not_there_is_empty():
    html = Card("", {}, ("a", "b", "c"), [(12_345, 0.5, None)]).html()

    assert ">12,345</td>" in html
    assert ">0.5000</td>" in html
    assert html.count("text-align:right") == 2
    assert "None" not in html
