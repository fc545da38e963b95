"""The release: what goes out together, frozen, and what is deployed where."""

from typing import TYPE_CHECKING

from fullcycle.kernel import lazily

if TYPE_CHECKING:
    from fullcycle.release.activation import Activation as Activation
    from fullcycle.release.activation import Host as Host
    from fullcycle.release.approvals import Approval as Approval
    from fullcycle.release.approvals import Approvals as Approvals
    from fullcycle.release.approvals import ReleaseApproved as ReleaseApproved
    from fullcycle.release.approvals import approval as approval
    from fullcycle.release.approvals import approvals_of as approvals_of
    from fullcycle.release.approvals import approve as approve
    from fullcycle.release.comparison import GoldenChange as GoldenChange
    from fullcycle.release.comparison import ReleaseChange as ReleaseChange
    from fullcycle.release.comparison import gate_changes as gate_changes
    from fullcycle.release.comparison import golden_change as golden_change
    from fullcycle.release.comparison import pinned_changes as pinned_changes
    from fullcycle.release.deployments import Deployment as Deployment
    from fullcycle.release.deployments import deploy as deploy
    from fullcycle.release.deployments import deployed as deployed
    from fullcycle.release.deployments import deployed_at as deployed_at
    from fullcycle.release.deployments import goal as goal
    from fullcycle.release.deployments import history as history
    from fullcycle.release.deployments import rollback as rollback
    from fullcycle.release.evidence import Assessment as Assessment
    from fullcycle.release.evidence import Committed as Committed
    from fullcycle.release.evidence import Compared as Compared
    from fullcycle.release.evidence import ComparedSlice as ComparedSlice
    from fullcycle.release.evidence import ContractFinding as ContractFinding
    from fullcycle.release.evidence import Evidence as Evidence
    from fullcycle.release.evidence import Imported as Imported
    from fullcycle.release.evidence import Imports as Imports
    from fullcycle.release.evidence import Incumbent as Incumbent
    from fullcycle.release.evidence import Parity as Parity
    from fullcycle.release.evidence import Scored as Scored
    from fullcycle.release.evidence import TestResult as TestResult
    from fullcycle.release.facts import DeploymentAnswered as DeploymentAnswered
    from fullcycle.release.facts import DeploymentMade as DeploymentMade
    from fullcycle.release.facts import DeploymentProposed as DeploymentProposed
    from fullcycle.release.facts import DeploymentStaged as DeploymentStaged
    from fullcycle.release.facts import HostJoined as HostJoined
    from fullcycle.release.facts import HostLeft as HostLeft
    from fullcycle.release.facts import ReleaseMade as ReleaseMade
    from fullcycle.release.facts import activation_stream as activation_stream
    from fullcycle.release.facts import deployments_stream as deployments_stream
    from fullcycle.release.facts import releases_stream as releases_stream
    from fullcycle.release.gates import GATES as GATES
    from fullcycle.release.gates import judge as judge
    from fullcycle.release.judgement import Judgement as Judgement
    from fullcycle.release.judgement import Override as Override
    from fullcycle.release.judgement import Verdict as Verdict
    from fullcycle.release.judgement import admit as admit
    from fullcycle.release.live import Live as Live
    from fullcycle.release.live import LookupPublished as LookupPublished
    from fullcycle.release.live import Publications as Publications
    from fullcycle.release.live import asked_then as asked_then
    from fullcycle.release.live import chosen as chosen
    from fullcycle.release.live import contents as contents
    from fullcycle.release.live import live_lookups as live_lookups
    from fullcycle.release.live import live_stream as live_stream
    from fullcycle.release.live import newest as newest
    from fullcycle.release.live import open_lookup as open_lookup
    from fullcycle.release.live import publications as publications
    from fullcycle.release.live import require_contract as require_contract
    from fullcycle.release.live import still_needed as still_needed
    from fullcycle.release.loaded import LoadedRelease as LoadedRelease
    from fullcycle.release.loaded import Policy as Policy
    from fullcycle.release.loading import load_release as load_release
    from fullcycle.release.loading import python_version as python_version
    from fullcycle.release.manifest import GoldenRow as GoldenRow
    from fullcycle.release.manifest import Manifest as Manifest
    from fullcycle.release.manifest import PinnedEvents as PinnedEvents
    from fullcycle.release.manifest import PinnedLookup as PinnedLookup
    from fullcycle.release.manifest import PinnedModel as PinnedModel
    from fullcycle.release.manifest import golden_rows as golden_rows
    from fullcycle.release.manifest import keep_golden as keep_golden
    from fullcycle.release.manifest import keep_manifest as keep_manifest
    from fullcycle.release.pins import code_of as code_of
    from fullcycle.release.pins import contracts_of as contracts_of
    from fullcycle.release.pins import named as named
    from fullcycle.release.predicting import NoNumber as NoNumber
    from fullcycle.release.predicting import Predictor as Predictor
    from fullcycle.release.predicting import ReleasedModel as ReleasedModel
    from fullcycle.release.predicting import scores_of as scores_of
    from fullcycle.release.signature import Signature as Signature
    from fullcycle.release.signature import read_signature as read_signature
    from fullcycle.release.signature import together as together

_NAMES = {
    "Activation": ".activation",
    "Approval": ".approvals",
    "Approvals": ".approvals",
    "Assessment": ".evidence",
    "Compared": ".evidence",
    "ComparedSlice": ".evidence",
    "Committed": ".evidence",
    "Imported": ".evidence",
    "Imports": ".evidence",
    "ContractFinding": ".evidence",
    "Deployment": ".deployments",
    "DeploymentAnswered": ".facts",
    "DeploymentMade": ".facts",
    "DeploymentProposed": ".facts",
    "DeploymentStaged": ".facts",
    "Evidence": ".evidence",
    "GATES": ".gates",
    "GoldenChange": ".comparison",
    "GoldenRow": ".manifest",
    "Host": ".activation",
    "HostJoined": ".facts",
    "HostLeft": ".facts",
    "Incumbent": ".evidence",
    "Judgement": ".judgement",
    "Live": ".live",
    "LoadedRelease": ".loaded",
    "LookupPublished": ".live",
    "Manifest": ".manifest",
    "Override": ".judgement",
    "Parity": ".evidence",
    "PinnedEvents": ".manifest",
    "PinnedLookup": ".manifest",
    "PinnedModel": ".manifest",
    "Policy": ".loaded",
    "NoNumber": ".predicting",
    "Predictor": ".predicting",
    "Publications": ".live",
    "ReleaseApproved": ".approvals",
    "ReleaseChange": ".comparison",
    "ReleaseMade": ".facts",
    "ReleasedModel": ".predicting",
    "scores_of": ".predicting",
    "Scored": ".evidence",
    "Signature": ".signature",
    "TestResult": ".evidence",
    "Verdict": ".judgement",
    "activation_stream": ".facts",
    "admit": ".judgement",
    "asked_then": ".live",
    "approval": ".approvals",
    "approvals_of": ".approvals",
    "approve": ".approvals",
    "chosen": ".live",
    "code_of": ".pins",
    "contents": ".live",
    "contracts_of": ".pins",
    "deploy": ".deployments",
    "deployed": ".deployments",
    "deployed_at": ".deployments",
    "deployments_stream": ".facts",
    "gate_changes": ".comparison",
    "goal": ".deployments",
    "golden_change": ".comparison",
    "golden_rows": ".manifest",
    "history": ".deployments",
    "judge": ".gates",
    "keep_golden": ".manifest",
    "keep_manifest": ".manifest",
    "live_lookups": ".live",
    "live_stream": ".live",
    "load_release": ".loading",
    "named": ".pins",
    "newest": ".live",
    "open_lookup": ".live",
    "pinned_changes": ".comparison",
    "publications": ".live",
    "python_version": ".loading",
    "read_signature": ".signature",
    "releases_stream": ".facts",
    "require_contract": ".live",
    "rollback": ".deployments",
    "still_needed": ".live",
    "together": ".signature",
}

__getattr__, __all__ = lazily(__name__, _NAMES)
