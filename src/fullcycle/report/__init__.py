"""Pages from the record: a story as plain data in, one self-contained HTML document out."""

from typing import TYPE_CHECKING

from fullcycle.kernel import lazily

if TYPE_CHECKING:
    from fullcycle.report.beside import Beside as Beside
    from fullcycle.report.beside import ChangedData as ChangedData
    from fullcycle.report.beside import ChangedScore as ChangedScore
    from fullcycle.report.beside import Families as Families
    from fullcycle.report.beside import Judgements as Judgements
    from fullcycle.report.beside import render_beside as render_beside
    from fullcycle.report.concluded import Concluded as Concluded
    from fullcycle.report.design import DesignPage as DesignPage
    from fullcycle.report.design import render_design as render_design
    from fullcycle.report.design import told_alarms as told_alarms
    from fullcycle.report.design_charts import chance_chart as chance_chart
    from fullcycle.report.design_charts import looked as looked
    from fullcycle.report.grid import GridPage as GridPage
    from fullcycle.report.grid import render_grid as render_grid
    from fullcycle.report.grid_charts import TrialRow as TrialRow
    from fullcycle.report.grid_charts import grid_chart as grid_chart
    from fullcycle.report.page import render as render
    from fullcycle.report.parts import Draw as Draw
    from fullcycle.report.plain_words import written_up as written_up
    from fullcycle.report.story import AssessmentPart as AssessmentPart
    from fullcycle.report.story import BriefPart as BriefPart
    from fullcycle.report.story import CostPart as CostPart
    from fullcycle.report.story import Effect as Effect
    from fullcycle.report.story import EvaluationPart as EvaluationPart
    from fullcycle.report.story import ExperimentPart as ExperimentPart
    from fullcycle.report.story import FamilyPart as FamilyPart
    from fullcycle.report.story import FlowPart as FlowPart
    from fullcycle.report.story import FlowStep as FlowStep
    from fullcycle.report.story import Provenance as Provenance
    from fullcycle.report.story import Story as Story
    from fullcycle.report.story import ValueRow as ValueRow
    from fullcycle.report.story import Verdict as Verdict
    from fullcycle.report.story import Worth as Worth
    from fullcycle.report.write_up import Figure as Figure
    from fullcycle.report.write_up import Passage as Passage
    from fullcycle.report.write_up import WriteUp as WriteUp
    from fullcycle.report.write_up import write_up_html as write_up_html
    from fullcycle.report.write_up import write_up_markdown as write_up_markdown

__getattr__, __all__ = lazily(
    __name__,
    {
        "DesignPage": ".design",
        "Concluded": ".concluded",
        "written_up": ".plain_words",
        "Figure": ".write_up",
        "Passage": ".write_up",
        "WriteUp": ".write_up",
        "write_up_html": ".write_up",
        "write_up_markdown": ".write_up",
        "GridPage": ".grid",
        "TrialRow": ".grid_charts",
        "chance_chart": ".design_charts",
        "grid_chart": ".grid_charts",
        "looked": ".design_charts",
        "render_design": ".design",
        "render_grid": ".grid",
        "AssessmentPart": ".story",
        "Beside": ".beside",
        "BriefPart": ".story",
        "ChangedData": ".beside",
        "ChangedScore": ".beside",
        "CostPart": ".story",
        "Draw": ".parts",
        "Effect": ".story",
        "EvaluationPart": ".story",
        "ExperimentPart": ".story",
        "Families": ".beside",
        "FamilyPart": ".story",
        "FlowPart": ".story",
        "FlowStep": ".story",
        "Judgements": ".beside",
        "Provenance": ".story",
        "Story": ".story",
        "ValueRow": ".story",
        "Verdict": ".story",
        "Worth": ".story",
        "render": ".page",
        "render_beside": ".beside",
        "told_alarms": ".design",
    },
)
