"""Experiments: who gets what, what it caused, what is concluded.

`assign`, `spec` and the facts load neither NumPy nor SciPy: they are needed while serving.
"""

from typing import TYPE_CHECKING

from fullcycle.kernel import lazily

if TYPE_CHECKING:
    from fullcycle.experiment.admission import COUNTED as COUNTED
    from fullcycle.experiment.admission import Admission as Admission
    from fullcycle.experiment.admission import Kept as Kept
    from fullcycle.experiment.admission import Placed as Placed
    from fullcycle.experiment.admission import Standing as Standing
    from fullcycle.experiment.answer import statistics_of as statistics_of
    from fullcycle.experiment.assign import Assignment as Assignment
    from fullcycle.experiment.assign import unit_hash as unit_hash
    from fullcycle.experiment.baseline import Baseline as Baseline
    from fullcycle.experiment.baseline import baseline_of as baseline_of
    from fullcycle.experiment.baseline import past_of as past_of
    from fullcycle.experiment.boundary import AlwaysValid as AlwaysValid
    from fullcycle.experiment.boundary import Fixed as Fixed
    from fullcycle.experiment.checks import AgeEffect as AgeEffect
    from fullcycle.experiment.comparison import Contrast as Contrast
    from fullcycle.experiment.comparison import contrast as contrast
    from fullcycle.experiment.comparison import relative_interval as relative_interval
    from fullcycle.experiment.condition import checked_condition as checked_condition
    from fullcycle.experiment.condition import holds as holds
    from fullcycle.experiment.condition import roots as roots
    from fullcycle.experiment.design import Design as Design
    from fullcycle.experiment.design import Rule as Rule
    from fullcycle.experiment.design import Wanted as Wanted
    from fullcycle.experiment.design import compared as compared
    from fullcycle.experiment.design import days_needed as days_needed
    from fullcycle.experiment.design import minimum_effect as minimum_effect
    from fullcycle.experiment.design import planned as planned
    from fullcycle.experiment.design import planned_units as planned_units
    from fullcycle.experiment.design import share_admitted as share_admitted
    from fullcycle.experiment.design import smallest_margin as smallest_margin
    from fullcycle.experiment.design import units_needed as units_needed
    from fullcycle.experiment.design import wanted as wanted
    from fullcycle.experiment.dialect import DUCKDB as DUCKDB
    from fullcycle.experiment.dialect import POSTGRES as POSTGRES
    from fullcycle.experiment.discovery import adjusted_p as adjusted_p
    from fullcycle.experiment.discovery import selected_alpha as selected_alpha
    from fullcycle.experiment.effect import DayEstimate as DayEstimate
    from fullcycle.experiment.effect import Effect as Effect
    from fullcycle.experiment.ends import ends_of as ends_of
    from fullcycle.experiment.estimate import Adjusted as Adjusted
    from fullcycle.experiment.estimate import Estimate as Estimate
    from fullcycle.experiment.estimate import Sample as Sample
    from fullcycle.experiment.estimate import adjusted as adjusted
    from fullcycle.experiment.estimate import imbalance as imbalance
    from fullcycle.experiment.estimate import mean_of as mean_of
    from fullcycle.experiment.estimate import quantile_of as quantile_of
    from fullcycle.experiment.estimate import ratio_of as ratio_of
    from fullcycle.experiment.experiment import Experiment as Experiment
    from fullcycle.experiment.experiment import reference as reference
    from fullcycle.experiment.facts import ExperimentClosed as ExperimentClosed
    from fullcycle.experiment.facts import ExperimentDesigned as ExperimentDesigned
    from fullcycle.experiment.facts import ExperimentPhase as ExperimentPhase
    from fullcycle.experiment.facts import ExperimentStarted as ExperimentStarted
    from fullcycle.experiment.gram import Gram as Gram
    from fullcycle.experiment.gram import checked_gram as checked_gram
    from fullcycle.experiment.gram import merged_grams as merged_grams
    from fullcycle.experiment.guardrail import Guardrail as Guardrail
    from fullcycle.experiment.history import FalseAlarms as FalseAlarms
    from fullcycle.experiment.history import Found as Found
    from fullcycle.experiment.history import Past as Past
    from fullcycle.experiment.history import false_alarms_of as false_alarms_of
    from fullcycle.experiment.history import found_by_day as found_by_day
    from fullcycle.experiment.layer import holdout_of as holdout_of
    from fullcycle.experiment.layer import layer_of as layer_of
    from fullcycle.experiment.looks import Look as Look
    from fullcycle.experiment.looks import Schedule as Schedule
    from fullcycle.experiment.looks import schedule as schedule
    from fullcycle.experiment.moments import Moments as Moments
    from fullcycle.experiment.moments import merged as merged
    from fullcycle.experiment.offpolicy import Method as Method
    from fullcycle.experiment.offpolicy import PolicyDifference as PolicyDifference
    from fullcycle.experiment.offpolicy import PolicyValue as PolicyValue
    from fullcycle.experiment.offpolicy import Trust as Trust
    from fullcycle.experiment.offpolicy import policy_difference as policy_difference
    from fullcycle.experiment.offpolicy import policy_value as policy_value
    from fullcycle.experiment.offpolicy_log import DecisionLog as DecisionLog
    from fullcycle.experiment.offpolicy_log import always as always
    from fullcycle.experiment.offpolicy_log import decision_log as decision_log
    from fullcycle.experiment.offpolicy_log import evened as evened
    from fullcycle.experiment.offpolicy_log import weights_of as weights_of
    from fullcycle.experiment.offpolicy_model import cross_fit as cross_fit
    from fullcycle.experiment.offpolicy_model import folds_of as folds_of
    from fullcycle.experiment.offpolicy_model import ridge as ridge
    from fullcycle.experiment.offpolicy_weights import Refusal as Refusal
    from fullcycle.experiment.offpolicy_weights import Weights as Weights
    from fullcycle.experiment.offpolicy_weights import weight_diagnostics as weight_diagnostics
    from fullcycle.experiment.offpolicy_weights import why_refused as why_refused
    from fullcycle.experiment.pairing import Pair as Pair
    from fullcycle.experiment.pairing import Where as Where
    from fullcycle.experiment.pairing import pair as pair
    from fullcycle.experiment.ports import ExperimentStore as ExperimentStore
    from fullcycle.experiment.pretended import BUCKETS as BUCKETS
    from fullcycle.experiment.pretended import PastRows as PastRows
    from fullcycle.experiment.pretended import by_bucket as by_bucket
    from fullcycle.experiment.pretended import logged as logged
    from fullcycle.experiment.query import LACKING as LACKING
    from fullcycle.experiment.query import Place as Place
    from fullcycle.experiment.query import decided_in as decided_in
    from fullcycle.experiment.query import statistics_query as statistics_query
    from fullcycle.experiment.ranks import quantile_cell as quantile_cell
    from fullcycle.experiment.ranks import rank_shares as rank_shares
    from fullcycle.experiment.ratio_check import SampleRatio as SampleRatio
    from fullcycle.experiment.ratio_check import sample_ratio as sample_ratio
    from fullcycle.experiment.ratio_check import sequential_ratio as sequential_ratio
    from fullcycle.experiment.reading import Readout as Readout
    from fullcycle.experiment.reading import readout as readout
    from fullcycle.experiment.records import ExperimentRecord as ExperimentRecord
    from fullcycle.experiment.records import Phase as Phase
    from fullcycle.experiment.records import close as close
    from fullcycle.experiment.records import experiment_record as experiment_record
    from fullcycle.experiment.records import experiments as experiments
    from fullcycle.experiment.records import going_out as going_out
    from fullcycle.experiment.records import phases_of as phases_of
    from fullcycle.experiment.records import record_design as record_design
    from fullcycle.experiment.records import spec_digest as spec_digest
    from fullcycle.experiment.rehearsal import Rehearsed as Rehearsed
    from fullcycle.experiment.rehearsal import chance_by_day as chance_by_day
    from fullcycle.experiment.rehearsal import looks_of as looks_of
    from fullcycle.experiment.rehearsal import rehearse as rehearse
    from fullcycle.experiment.segments import SegmentEffect as SegmentEffect
    from fullcycle.experiment.segments import SegmentUnits as SegmentUnits
    from fullcycle.experiment.sequential import GroupSequential as GroupSequential
    from fullcycle.experiment.sequential import crossing as crossing
    from fullcycle.experiment.sequential import drift_needed as drift_needed
    from fullcycle.experiment.sequential import false_alarms as false_alarms
    from fullcycle.experiment.sequential import looks_until as looks_until
    from fullcycle.experiment.sequential import spending_bounds as spending_bounds
    from fullcycle.experiment.sequential import spent as spent
    from fullcycle.experiment.shrink import FEWEST_EFFECTS as FEWEST_EFFECTS
    from fullcycle.experiment.shrink import Shrunken as Shrunken
    from fullcycle.experiment.shrink import shrunken as shrunken
    from fullcycle.experiment.shrink import spread_expected as spread_expected
    from fullcycle.experiment.shrink import spread_measured as spread_measured
    from fullcycle.experiment.sides import Side as Side
    from fullcycle.experiment.sides import Sides as Sides
    from fullcycle.experiment.situation import Check as Check
    from fullcycle.experiment.spec import HOLDOUT as HOLDOUT
    from fullcycle.experiment.spec import Covariate as Covariate
    from fullcycle.experiment.spec import ExperimentSpec as ExperimentSpec
    from fullcycle.experiment.spec import Holdout as Holdout
    from fullcycle.experiment.spec import Layer as Layer
    from fullcycle.experiment.spec import said as said
    from fullcycle.experiment.statistics import Cell as Cell
    from fullcycle.experiment.statistics import Count as Count
    from fullcycle.experiment.statistics import QuantileCell as QuantileCell
    from fullcycle.experiment.statistics import Statistics as Statistics
    from fullcycle.experiment.sticky import Bucket as Bucket
    from fullcycle.experiment.sticky import KeptArms as KeptArms
    from fullcycle.experiment.sticky import MemoryStickyStore as MemoryStickyStore
    from fullcycle.experiment.sticky import ReadOnlySticky as ReadOnlySticky
    from fullcycle.experiment.sticky import StickyStore as StickyStore
    from fullcycle.experiment.table import table_statistics as table_statistics
    from fullcycle.experiment.table import unit_table_query as unit_table_query
    from fullcycle.experiment.table_metrics import columns_of as columns_of
    from fullcycle.experiment.table_metrics import require_columns as require_columns
    from fullcycle.experiment.table_metrics import table_metric as table_metric
    from fullcycle.experiment.table_metrics import table_spec as table_spec
    from fullcycle.experiment.taking_part import told_part as told_part
    from fullcycle.experiment.telling import UNSHRUNKEN as UNSHRUNKEN
    from fullcycle.experiment.telling import amount as amount
    from fullcycle.experiment.telling import change as change
    from fullcycle.experiment.telling import headline as headline
    from fullcycle.experiment.telling import level as level
    from fullcycle.experiment.telling import rounded as rounded
    from fullcycle.experiment.telling import told_gain as told_gain
    from fullcycle.experiment.telling import told_guardrail as told_guardrail
    from fullcycle.experiment.telling import told_p as told_p
    from fullcycle.experiment.verdict import Verdict as Verdict
    from fullcycle.experiment.worth import ArmWorth as ArmWorth
    from fullcycle.experiment.worth import Prior as Prior
    from fullcycle.experiment.worth import Rate as Rate

__getattr__, __all__ = lazily(
    __name__,
    {
        "Adjusted": ".estimate",
        "Admission": ".admission",
        "AgeEffect": ".checks",
        "AlwaysValid": ".boundary",
        "ArmWorth": ".worth",
        "UNSHRUNKEN": ".telling",
        "Assignment": ".assign",
        "BUCKETS": ".pretended",
        "Baseline": ".baseline",
        "Bucket": ".sticky",
        "COUNTED": ".admission",
        "Cell": ".statistics",
        "Check": ".situation",
        "Contrast": ".comparison",
        "Count": ".statistics",
        "Covariate": ".spec",
        "DUCKDB": ".dialect",
        "DayEstimate": ".effect",
        "DecisionLog": ".offpolicy_log",
        "Design": ".design",
        "Effect": ".effect",
        "Estimate": ".estimate",
        "Experiment": ".experiment",
        "ExperimentClosed": ".facts",
        "ExperimentDesigned": ".facts",
        "ExperimentPhase": ".facts",
        "ExperimentRecord": ".records",
        "ExperimentSpec": ".spec",
        "ExperimentStarted": ".facts",
        "ExperimentStore": ".ports",
        "FEWEST_EFFECTS": ".shrink",
        "FalseAlarms": ".history",
        "Fixed": ".boundary",
        "Found": ".history",
        "Gram": ".gram",
        "GroupSequential": ".sequential",
        "Guardrail": ".guardrail",
        "HOLDOUT": ".spec",
        "Holdout": ".spec",
        "Kept": ".admission",
        "KeptArms": ".sticky",
        "LACKING": ".query",
        "Layer": ".spec",
        "Look": ".looks",
        "MemoryStickyStore": ".sticky",
        "Moments": ".moments",
        "POSTGRES": ".dialect",
        "Pair": ".pairing",
        "Past": ".history",
        "PastRows": ".pretended",
        "Phase": ".records",
        "Place": ".query",
        "Placed": ".admission",
        "Method": ".offpolicy",
        "PolicyDifference": ".offpolicy",
        "PolicyValue": ".offpolicy",
        "Prior": ".worth",
        "QuantileCell": ".statistics",
        "Rate": ".worth",
        "ReadOnlySticky": ".sticky",
        "Readout": ".reading",
        "Refusal": ".offpolicy_weights",
        "Rehearsed": ".rehearsal",
        "Rule": ".design",
        "Sample": ".estimate",
        "SampleRatio": ".ratio_check",
        "Schedule": ".looks",
        "SegmentEffect": ".segments",
        "SegmentUnits": ".segments",
        "Shrunken": ".shrink",
        "Side": ".sides",
        "Sides": ".sides",
        "Standing": ".admission",
        "Statistics": ".statistics",
        "StickyStore": ".sticky",
        "Trust": ".offpolicy",
        "Verdict": ".verdict",
        "Wanted": ".design",
        "Weights": ".offpolicy_weights",
        "Where": ".pairing",
        "adjusted": ".estimate",
        "adjusted_p": ".discovery",
        "always": ".offpolicy_log",
        "amount": ".telling",
        "baseline_of": ".baseline",
        "by_bucket": ".pretended",
        "chance_by_day": ".rehearsal",
        "checked_condition": ".condition",
        "checked_gram": ".gram",
        "close": ".records",
        "columns_of": ".table_metrics",
        "compared": ".design",
        "contrast": ".comparison",
        "cross_fit": ".offpolicy_model",
        "crossing": ".sequential",
        "days_needed": ".design",
        "decided_in": ".query",
        "decision_log": ".offpolicy_log",
        "evened": ".offpolicy_log",
        "drift_needed": ".sequential",
        "ends_of": ".ends",
        "experiment_record": ".records",
        "experiments": ".records",
        "false_alarms": ".sequential",
        "false_alarms_of": ".history",
        "folds_of": ".offpolicy_model",
        "found_by_day": ".history",
        "going_out": ".records",
        "headline": ".telling",
        "holdout_of": ".layer",
        "holds": ".condition",
        "imbalance": ".estimate",
        "layer_of": ".layer",
        "level": ".telling",
        "logged": ".pretended",
        "looks_of": ".rehearsal",
        "looks_until": ".sequential",
        "mean_of": ".estimate",
        "merged": ".moments",
        "merged_grams": ".gram",
        "minimum_effect": ".design",
        "pair": ".pairing",
        "past_of": ".baseline",
        "phases_of": ".records",
        "planned": ".design",
        "planned_units": ".design",
        "policy_difference": ".offpolicy",
        "policy_value": ".offpolicy",
        "quantile_cell": ".ranks",
        "quantile_of": ".estimate",
        "rank_shares": ".ranks",
        "ratio_of": ".estimate",
        "readout": ".reading",
        "record_design": ".records",
        "reference": ".experiment",
        "rehearse": ".rehearsal",
        "relative_interval": ".comparison",
        "require_columns": ".table_metrics",
        "ridge": ".offpolicy_model",
        "roots": ".condition",
        "said": ".spec",
        "sample_ratio": ".ratio_check",
        "schedule": ".looks",
        "selected_alpha": ".discovery",
        "sequential_ratio": ".ratio_check",
        "share_admitted": ".design",
        "shrunken": ".shrink",
        "smallest_margin": ".design",
        "spec_digest": ".records",
        "spending_bounds": ".sequential",
        "spent": ".sequential",
        "spread_expected": ".shrink",
        "spread_measured": ".shrink",
        "statistics_of": ".answer",
        "statistics_query": ".query",
        "table_metric": ".table_metrics",
        "table_spec": ".table_metrics",
        "table_statistics": ".table",
        "told_gain": ".telling",
        "told_p": ".telling",
        "told_guardrail": ".telling",
        "rounded": ".telling",
        "change": ".telling",
        "told_part": ".taking_part",
        "unit_hash": ".assign",
        "unit_table_query": ".table",
        "units_needed": ".design",
        "wanted": ".design",
        "weight_diagnostics": ".offpolicy_weights",
        "weights_of": ".offpolicy_log",
        "why_refused": ".offpolicy_weights",
    },
)
