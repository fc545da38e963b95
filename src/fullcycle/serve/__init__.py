"""The service: decode, decide, log, answer; always with the release that is deployed."""

from typing import TYPE_CHECKING

from fullcycle.kernel import lazily

if TYPE_CHECKING:
    from fullcycle.serve.app import App as App
    from fullcycle.serve.app import Edge as Edge
    from fullcycle.serve.assessment import assess_here as assess_here
    from fullcycle.serve.decider import Decider as Decider
    from fullcycle.serve.declare import Service as Service
    from fullcycle.serve.declare import service as service
    from fullcycle.serve.deployments import LedgerDeployments as LedgerDeployments
    from fullcycle.serve.draw import HashedDraw as HashedDraw
    from fullcycle.serve.follower import Follower as Follower
    from fullcycle.serve.golden import golden_answers as golden_answers
    from fullcycle.serve.golden import require_golden as require_golden
    from fullcycle.serve.golden import with_golden as with_golden
    from fullcycle.serve.ports import DecisionLog as DecisionLog
    from fullcycle.serve.ports import Deployed as Deployed
    from fullcycle.serve.ports import Deployments as Deployments
    from fullcycle.serve.staging import Stager as Stager
    from fullcycle.serve.staging import service_app as service_app

_NAMES = {
    "App": ".app",
    "Decider": ".decider",
    "DecisionLog": ".ports",
    "Deployed": ".ports",
    "Deployments": ".ports",
    "Edge": ".app",
    "Follower": ".follower",
    "HashedDraw": ".draw",
    "LedgerDeployments": ".deployments",
    "Service": ".declare",
    "Stager": ".staging",
    "assess_here": ".assessment",
    "golden_answers": ".golden",
    "require_golden": ".golden",
    "service": ".declare",
    "service_app": ".staging",
    "with_golden": ".golden",
}

__getattr__, __all__ = lazily(__name__, _NAMES)
