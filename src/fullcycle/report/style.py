"""One look for every chart and for the page: ink on white, blue for ours, orange for the other.

Blue and orange are the pair of Okabe & Ito's palette that all kinds of colour vision tell
apart; nothing is said by colour alone.
"""

from typing import Any

INK = "#1c2127"
MUTED = "#5b6670"
LINE = "#d9dee3"
BLUE = "#1766a6"
ORANGE = "#c4570c"
GREY = "#8a949e"
FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"

NARROW = 400  # pixels: two beside each other on a desk, one on a phone at nearly full size
WIDE = 860  # the whole width of the page

Spec = dict[str, Any]

CONFIG: Spec = {
    "aria": False,  # the page describes each chart once, as a whole
    "background": None,
    "font": FONT,
    "padding": 4,
    "view": {"stroke": None},
    "axis": {
        "labelColor": MUTED,
        "labelFontSize": 13,
        "titleColor": MUTED,
        "titleFontSize": 13,
        "titleFontWeight": "normal",
        "titlePadding": 8,
        "gridColor": "#eceff2",
        "domainColor": LINE,
        "tickColor": LINE,
        "tickSize": 4,
        "labelPadding": 5,
    },
    "axisY": {"domain": False, "ticks": False},
    "text": {"color": INK, "fontSize": 13, "font": FONT},
    "legend": {"labelFontSize": 13, "titleFontSize": 13, "labelColor": MUTED, "titleColor": MUTED},
}

CSS = """
:root { color-scheme: light; --ink: #1c2127; --muted: #5b6670; --line: #d9dee3; --soft: #f5f7f9;
  --blue: #1766a6; --orange: #b04d08; }
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body { margin: 0; background: #fff; color: var(--ink); overflow-wrap: break-word;
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
  font-variant-numeric: tabular-nums; }
main, header, footer { max-width: 892px; margin: 0 auto; padding: 0 16px; }
header { padding-top: 40px; }
h1 { font-size: 30px; line-height: 1.2; margin: 0; letter-spacing: -0.01em; }
h2 { font-size: 21px; line-height: 1.3; margin: 52px 0 12px; padding-top: 18px;
  border-top: 1px solid var(--line); letter-spacing: -0.005em; }
h3 { font-size: 16px; line-height: 1.35; margin: 0 0 2px; }
p { margin: 0 0 12px; max-width: 68ch; }
a { color: var(--blue); }
nav { margin: 14px 0 0; font-size: 14px; display: flex; flex-wrap: wrap; gap: 4px 16px; }
nav a { text-decoration: none; }
nav a:hover { text-decoration: underline; }
.sub, .source, .none { color: var(--muted); }
.sub { margin: 6px 0 0; }
.source { font-size: 13px; line-height: 1.4; }
.none { background: var(--soft); border-radius: 6px; padding: 10px 14px; max-width: none; }
code { font: 0.9em ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", monospace; }
.verdict, main > .none:first-child { margin-top: 28px; }
.verdict { border-left: 6px solid var(--muted); padding: 2px 0 2px 18px; margin-bottom: 26px; }
.verdict.ship { border-color: var(--blue); }
.verdict.stop { border-color: var(--orange); }
.verdict p { margin: 4px 0; }
.verdict strong { display: block; font-size: 26px; line-height: 1.25; letter-spacing: -0.01em; }
.verdict.ship strong { color: var(--blue); }
.verdict.stop strong { color: var(--orange); }
.top { margin-bottom: 8px; } .after { margin-top: 26px; }
.pair { display: grid; grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 28px 40px; }
.facts { display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); gap: 20px 32px;
  margin: 0 0 20px; }
.facts > div { border-top: 2px solid var(--ink); padding-top: 8px; }
.facts dt { font-size: 14px; color: var(--muted); }
.facts dd { margin: 0; }
.facts .big { font-size: 24px; line-height: 1.25; font-weight: 600; letter-spacing: -0.01em; }
.facts .big.span { font-size: 19px; padding: 3px 0; }
.facts .range { font-size: 14px; }
dl.lines { display: grid; grid-template-columns: max-content 1fr; gap: 4px 20px; margin: 0 0 16px; }
dl.lines dt { color: var(--muted); }
dl.lines dd { margin: 0; }
figure { margin: 0 0 8px; min-width: 0; }
figure svg { display: block; width: 100%; height: auto; margin: 6px 0; }
figcaption, .lead { color: var(--muted); font-size: 14px; line-height: 1.45; margin: 0 0 4px; }
.wide { max-width: 860px; } .narrow { display: none; } .half { max-width: 400px; }
table { border-collapse: collapse; width: 100%; font-size: 14.5px; line-height: 1.4; }
th, td { text-align: left; padding: 7px 16px 7px 0; border-bottom: 1px solid var(--line);
  vertical-align: top; }
th { font-weight: 600; color: var(--muted); font-size: 13px; vertical-align: bottom; }
td.n, th.n { text-align: right; white-space: nowrap; }
td:last-child, th:last-child { padding-right: 0; }
.scroll { overflow-x: auto; margin: 0 0 12px; }
.digest { font-size: 13px; color: var(--muted); }
details { margin: 2px 0 14px; font-size: 14px; }
summary { cursor: pointer; color: var(--muted); font-size: 13px; }
.check { font-weight: 600; } .check.bad { color: var(--orange); } .check.good { color: var(--blue); }
.headline { font-size: 19px; line-height: 1.4; font-weight: 600; margin: 4px 0 14px; }
ul.checks { list-style: none; margin: 0 0 16px; padding: 0; max-width: 86ch; }
ul.checks li { padding: 2px 0; font-size: 15px; }
.prose { border-left: 2px solid var(--line); padding-left: 18px; margin: 4px 0 16px; }
.prose h1, .prose h2, .prose h3 { font-size: 16px; border: 0; margin: 14px 0 4px; padding: 0; }
.letter h2 { margin: 26px 0 4px; padding-top: 12px; font-size: 17px; }
.letter ul { margin: 0 0 12px; padding-left: 20px; max-width: 68ch; }
.letter ul.marked { list-style: none; padding-left: 0; }
footer { padding-top: 28px; padding-bottom: 48px; }
@media (max-width: 700px) {
  header { padding-top: 24px; } h1 { font-size: 25px; } h2 { margin-top: 40px; font-size: 20px; }
  main, header, footer { padding-left: 14px; padding-right: 14px; }
  .pair { grid-template-columns: minmax(0, 1fr); } .wide { display: none; }
  .narrow { display: block; max-width: 460px; }
  .facts { grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 18px 20px; }
  .facts .big { font-size: 21px; } .facts .big.span { font-size: 18px; }
  dl.lines { gap: 4px 14px; } .prose { padding-left: 12px; } .prose ul, .prose ol { padding-left: 20px; }
  .stack thead { display: none; }
  .stack tr { display: block; border-bottom: 1px solid var(--line); padding: 8px 0; }
  .stack td, .stack td.n { display: flex; justify-content: space-between; gap: 20px; border: 0;
    padding: 1px 0; text-align: right; white-space: normal; }
  .stack td::before { content: attr(data-head); color: var(--muted); font-size: 13px; flex: none; }
  .stack td:first-child { font-weight: 600; }
  .stack td:first-child::before, .stack td:empty { display: none; }
}
@media print {
  nav, details:not([open]) { display: none; }
  h2 { break-after: avoid; }
  figure { break-inside: avoid; }
}
"""
