"""fullcycle.adapters.vega and markdown: SVG for one page, and a clear word where it cannot be drawn."""

import re
import sys

import pytest

from fullcycle.adapters.markdown import markdown_html
from fullcycle.adapters.vega import VegaCharts
from fullcycle.kernel import Invalid, Misconfigured

BAR = {
    "data": {"values": [{"a": "x", "b": 1}]},
    "mark": {
        "type": "bar",
        "clip": True,
        "color": {
            "gradient": "linear",
            "stops": [{"offset": 0, "color": "white"}, {"offset": 1, "color": "blue"}],
        },
    },
    "encoding": {"x": {"field": "a"}, "y": {"field": "b", "type": "quantitative"}},
}


def test_an_svg_element_scales_with_its_box_and_carries_no_name_space():
    drawn = VegaCharts().svg(BAR)

    assert re.match(r'<svg viewBox="0 0 [\d.]+ [\d.]+">', drawn)
    assert "http" not in drawn


def test_two_charts_on_one_page_share_no_id():
    charts = VegaCharts()
    first, second = (set(re.findall(r'\bid="([^"]+)"', charts.svg(BAR))) for _ in range(2))

    assert first
    assert not first & second


def test_every_reference_inside_a_chart_still_leads_somewhere():
    drawn = VegaCharts().svg(BAR)

    assert set(re.findall(r"url\(#([^)]+)\)", drawn)) <= set(re.findall(r'\bid="([^"]+)"', drawn))


def test_a_specification_that_cannot_be_drawn_is_refused():
    with pytest.raises(Invalid, match="Vega-Lite cannot draw this chart"):
        VegaCharts().svg({"mark": "no such mark", "encoding": {"x": {"field": 3}}})


def test_without_the_package_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "vl_convert", None)

    with pytest.raises(Misconfigured, match=r"pip install 'fullcycle\[charts\]'"):
        VegaCharts()


def test_markdown_shows_its_tables_and_never_its_html():
    assert "<table>" in markdown_html("| a | b |\n|---|---|\n| 1 | 2 |")
    assert markdown_html("<b>x</b> ![i](http://x/y.png)").count("<") == 4  # <p>, </p> and a link
    assert "javascript" not in re.sub(r">[^<]*<", "><", markdown_html("[x](javascript:alert(1))"))
