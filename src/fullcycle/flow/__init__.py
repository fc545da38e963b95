"""The flow: sources, steps and models wired by name, run once and never needlessly again."""

from typing import TYPE_CHECKING

from fullcycle.kernel import lazily

if TYPE_CHECKING:
    from fullcycle.flow.annotation import Each as Each
    from fullcycle.flow.annotation import Pickled as Pickled
    from fullcycle.flow.audit import AuditFailed as AuditFailed
    from fullcycle.flow.audit import read_share as read_share
    from fullcycle.flow.declare import ModelStep as ModelStep
    from fullcycle.flow.declare import Step as Step
    from fullcycle.flow.declare import model as model
    from fullcycle.flow.declare import step as step
    from fullcycle.flow.depends import Dependencies as Dependencies
    from fullcycle.flow.effort import Effort as Effort
    from fullcycle.flow.effort import efforts as efforts
    from fullcycle.flow.facts import Audited as Audited
    from fullcycle.flow.facts import Evaluated as Evaluated
    from fullcycle.flow.facts import Failure as Failure
    from fullcycle.flow.facts import GridStarted as GridStarted
    from fullcycle.flow.facts import Memoized as Memoized
    from fullcycle.flow.facts import Replayed as Replayed
    from fullcycle.flow.facts import ReplayVerdict as ReplayVerdict
    from fullcycle.flow.facts import RunFinished as RunFinished
    from fullcycle.flow.facts import RunStarted as RunStarted
    from fullcycle.flow.facts import ScoreReplayed as ScoreReplayed
    from fullcycle.flow.facts import StepFinished as StepFinished
    from fullcycle.flow.facts import StepReplayed as StepReplayed
    from fullcycle.flow.failure import CodeFailed as CodeFailed
    from fullcycle.flow.failure import ElementsFailed as ElementsFailed
    from fullcycle.flow.failure import RunFailed as RunFailed
    from fullcycle.flow.failure import SourceFailed as SourceFailed
    from fullcycle.flow.failure import StepFailed as StepFailed
    from fullcycle.flow.failure import unreadable as unreadable
    from fullcycle.flow.graph import Graph as Graph
    from fullcycle.flow.graph import Node as Node
    from fullcycle.flow.graph import read_graph as read_graph
    from fullcycle.flow.grid import chosen_by as chosen_by
    from fullcycle.flow.grid import combinations as combinations
    from fullcycle.flow.grid import decisive as decisive
    from fullcycle.flow.grid import ranked as ranked
    from fullcycle.flow.grid import spelled as spelled
    from fullcycle.flow.grid import split_values as split_values
    from fullcycle.flow.inprocess import InProcess as InProcess
    from fullcycle.flow.interruption import RunInterrupted as RunInterrupted
    from fullcycle.flow.listing import Condition as Condition
    from fullcycle.flow.listing import RunLine as RunLine
    from fullcycle.flow.listing import RunScore as RunScore
    from fullcycle.flow.listing import Wanted as Wanted
    from fullcycle.flow.listing import chosen as chosen
    from fullcycle.flow.listing import differing as differing
    from fullcycle.flow.making import Bench as Bench
    from fullcycle.flow.making import pause as pause
    from fullcycle.flow.memo import remember as remember
    from fullcycle.flow.memo import remembered as remembered
    from fullcycle.flow.options import RunOptions as RunOptions
    from fullcycle.flow.options import require_possible as require_possible
    from fullcycle.flow.options import sources_of as sources_of
    from fullcycle.flow.parameters import choose as choose
    from fullcycle.flow.passing import Workshop as Workshop
    from fullcycle.flow.passing import viewed as viewed
    from fullcycle.flow.pins import pin as pin
    from fullcycle.flow.pins import pinned as pinned
    from fullcycle.flow.pins import unpin as unpin
    from fullcycle.flow.planning import Planned as Planned
    from fullcycle.flow.planning import plan as plan
    from fullcycle.flow.planning import unwritten as unwritten
    from fullcycle.flow.ports import Answer as Answer
    from fullcycle.flow.ports import Call as Call
    from fullcycle.flow.ports import Crew as Crew
    from fullcycle.flow.ports import Limits as Limits
    from fullcycle.flow.ports import Made as Made
    from fullcycle.flow.records import RunRecord as RunRecord
    from fullcycle.flow.records import last_run as last_run
    from fullcycle.flow.records import run_record as run_record
    from fullcycle.flow.records import runs as runs
    from fullcycle.flow.replay import Origin as Origin
    from fullcycle.flow.replay import doubtful as doubtful
    from fullcycle.flow.replay import is_same as is_same
    from fullcycle.flow.replay import origins as origins
    from fullcycle.flow.replay import replayed_scores as replayed_scores
    from fullcycle.flow.replay import to_replay as to_replay
    from fullcycle.flow.replay import verdicts as verdicts
    from fullcycle.flow.running import run as run
    from fullcycle.flow.setting import Setting as Setting
    from fullcycle.flow.setting import settings as settings
    from fullcycle.flow.setting import settled as settled
    from fullcycle.flow.state import Status as Status
    from fullcycle.flow.state import ago as ago
    from fullcycle.flow.state import finished_of as finished_of
    from fullcycle.flow.undeclared import Undeclared as Undeclared
    from fullcycle.flow.undeclared import files_named as files_named
    from fullcycle.flow.undeclared import watching as watching

_NAMES = {
    "chosen_by": ".grid",
    "combinations": ".grid",
    "decisive": ".grid",
    "ranked": ".grid",
    "spelled": ".grid",
    "split_values": ".grid",
    "Origin": ".replay",
    "Replayed": ".facts",
    "StepReplayed": ".facts",
    "ScoreReplayed": ".facts",
    "ReplayVerdict": ".facts",
    "GridStarted": ".facts",
    "doubtful": ".replay",
    "is_same": ".replay",
    "origins": ".replay",
    "replayed_scores": ".replay",
    "to_replay": ".replay",
    "verdicts": ".replay",
    "AuditFailed": ".audit",
    "read_share": ".audit",
    "pause": ".making",
    "viewed": ".passing",
    "RunOptions": ".options",
    "Made": ".ports",
    "Limits": ".ports",
    "ElementsFailed": ".failure",
    "Each": ".annotation",
    "Crew": ".ports",
    "Call": ".ports",
    "Bench": ".making",
    "Answer": ".ports",
    "Audited": ".facts",
    "Planned": ".planning",
    "plan": ".planning",
    "require_possible": ".options",
    "sources_of": ".options",
    "unwritten": ".planning",
    "CodeFailed": ".failure",
    "Condition": ".listing",
    "Effort": ".effort",
    "Dependencies": ".depends",
    "Evaluated": ".facts",
    "Failure": ".facts",
    "Graph": ".graph",
    "InProcess": ".inprocess",
    "Memoized": ".facts",
    "ModelStep": ".declare",
    "Node": ".graph",
    "Pickled": ".annotation",
    "RunFinished": ".facts",
    "RunInterrupted": ".interruption",
    "Status": ".state",
    "ago": ".state",
    "finished_of": ".state",
    "RunLine": ".listing",
    "RunRecord": ".records",
    "RunScore": ".listing",
    "RunStarted": ".facts",
    "Setting": ".setting",
    "Step": ".declare",
    "RunFailed": ".failure",
    "SourceFailed": ".failure",
    "StepFailed": ".failure",
    "StepFinished": ".facts",
    "Wanted": ".listing",
    "Workshop": ".passing",
    "choose": ".parameters",
    "chosen": ".listing",
    "differing": ".listing",
    "efforts": ".effort",
    "last_run": ".records",
    "model": ".declare",
    "pin": ".pins",
    "pinned": ".pins",
    "read_graph": ".graph",
    "remember": ".memo",
    "remembered": ".memo",
    "run": ".running",
    "run_record": ".records",
    "runs": ".records",
    "settings": ".setting",
    "settled": ".setting",
    "step": ".declare",
    "unpin": ".pins",
    "unreadable": ".failure",
    "Undeclared": ".undeclared",
    "files_named": ".undeclared",
    "watching": ".undeclared",
}

__getattr__, __all__ = lazily(__name__, _NAMES)
