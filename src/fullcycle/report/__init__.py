"""Pages from the record: a story as plain data in, one self-contained HTML document out."""

from typing import TYPE_CHECKING

from fullcycle.kernel import lazily

if TYPE_CHECKING:
    from fullcycle.report.page import render as render
    from fullcycle.report.story import ArmRow as ArmRow
    from fullcycle.report.story import AssessmentPart as AssessmentPart
    from fullcycle.report.story import BriefPart as BriefPart
    from fullcycle.report.story import CostPart as CostPart
    from fullcycle.report.story import Effect as Effect
    from fullcycle.report.story import EvaluationPart as EvaluationPart
    from fullcycle.report.story import ExperimentPart as ExperimentPart
    from fullcycle.report.story import FlowPart as FlowPart
    from fullcycle.report.story import FlowStep as FlowStep
    from fullcycle.report.story import Look as Look
    from fullcycle.report.story import MetricRow as MetricRow
    from fullcycle.report.story import Provenance as Provenance
    from fullcycle.report.story import Story as Story
    from fullcycle.report.story import ValueRow as ValueRow
    from fullcycle.report.story import Verdict as Verdict
    from fullcycle.report.story import Worth as Worth

__getattr__, __all__ = lazily(
    __name__,
    {
        "ArmRow": ".story",
        "AssessmentPart": ".story",
        "BriefPart": ".story",
        "CostPart": ".story",
        "Effect": ".story",
        "EvaluationPart": ".story",
        "ExperimentPart": ".story",
        "FlowPart": ".story",
        "FlowStep": ".story",
        "Look": ".story",
        "MetricRow": ".story",
        "Provenance": ".story",
        "Story": ".story",
        "ValueRow": ".story",
        "Verdict": ".story",
        "Worth": ".story",
        "render": ".page",
    },
)
