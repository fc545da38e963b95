"""fullcycle.cli.printing and running: what keeps its column, however long it is."""

import sys

import msgspec

from fullcycle.cli.printing import in_column
from fullcycle.cli.running import step_line
from fullcycle.flow import StepFinished
from fullcycle.record import Artifact

REASONS = "churn/flow.py:41 chance() changed; parameter leaves 4 → 8; training has new content"


def test_reasons_that_do_not_fit_have_a_line_each():
    assert in_column("never ran", 44) == ["never ran"]
    assert in_column(REASONS, 44) == [
        "churn/flow.py:41 chance() changed",
        "parameter leaves 4 → 8",
        "training has new content",
    ]


def test_one_that_is_too_wide_is_folded_on_a_terminal_and_whole_in_a_pipe(monkeypatch):
    wide = "library/some/deep/module.py:14 a_function_of_such_a_name() changed"
    assert in_column(wide, 44) == [wide]

    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    assert in_column(wide, 44) == ["library/some/deep/module.py:14", "a_function_of_such_a_name() changed"]


def test_the_time_stands_in_its_column_however_many_reasons_there_are(capsys):
    step = StepFinished(
        step="chance",
        role="model",
        reused=False,
        reason="never ran",
        key="k",
        artifact=Artifact("content", "object", "native@1", 1),
        inputs={},
        parameters={},
        code="c",
        reach=None,
        wall=0.012,
        cpu=0.01,
        peak_memory=1,
    )
    for one in (step, msgspec.structs.replace(step, reason=REASONS)):
        step_line(one)

    first, second, *others = capsys.readouterr().out.splitlines()
    assert first.index("12 ms") == second.index("12 ms")
    assert [line.strip() for line in others] == ["parameter leaves 4 → 8", "training has new content"]
    assert {line.index(line.strip()) for line in others} == {second.index("churn/flow.py")}
