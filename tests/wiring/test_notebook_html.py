"""What a notebook shows of what fc.open gives."""

from html.parser import HTMLParser

import pytest

import fullcycle as fc
from fullcycle.wiring import open_project
from fullcycle.wiring.judge import load_evaluation


class Sound(HTMLParser):
    """Holds that each element is closed in its place, and that nothing runs or is fetched."""

    def __init__(self, html):
        super().__init__()
        self.open, self.texts = [], []
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        assert tag in {"div", "strong", "table", "thead", "tbody", "tr", "th", "td"}
        assert {name for name, _ in attrs} <= {"style"}
        self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)


@pytest.mark.parametrize(
    ("reference", "words"),
    [
        ("churn", ["churn", "4 runs", "churn@4", "failed", "fewer leaves"]),
        ("churn@2", ["churn@2  fewer leaves", "done", "chance auc", "reused", "parameter leaves 8 → 4"]),
        ("churn@4", ["failed: step training of churn@4 failed: test=2.0 is no share between 0 and 1"]),
        ("churn@1/training", ["Split", "label", "outcome", "2,800", "1,200"]),
    ],
)
def test_each_is_one_small_sound_piece_of_html(here, reference, words):
    html = fc.open(reference)._repr_html_()

    told = Sound(html).texts
    assert len(html) < 12_000
    for word in words:
        assert any(word in text for text in told), word


def test_an_evaluation_shows_the_model_beside_its_baseline(here):
    run = fc.open("churn@1", fc.Run)
    judged = run.record.evaluations["chance"]

    told = Sound(load_evaluation(open_project().artifacts, judged.evaluation)._repr_html_()).texts

    assert told[0] == "auc"
    assert f"{judged.value:.4f}" in told
    assert "kind: new" in told


def test_the_frame_of_runs_has_numbers_to_sort_by(here):
    frame = fc.open("churn", fc.Capability).runs()

    assert frame["run"].to_list() == [4, 3, 2, 1]
    assert frame["leaves"].to_list() == [None, 8, 4, 8]
    assert frame.sort("chance", nulls_last=True)["chance"].is_sorted()
    assert frame["holdout"].to_list() == [2.0, 0.3, 0.3, 0.3]
