"""What a bandit will not learn from, said before it goes out: decisions whose context nobody logs."""

from fullcycle.bandit import computable
from fullcycle.data import Decisions, Row
from fullcycle.experiment import reference
from fullcycle.feature import FeatureSet
from fullcycle.flow import Node
from fullcycle.release import named, read_signature
from fullcycle.wiring.gathering import Making


def unlearnt(making: Making) -> list[str]:
    """By bandit and function that may answer without asking it: that its decisions are left out, and why.

    Where the context follows from what the log holds anyway, they are learnt from.
    """
    found = []
    for name, row in making.signature.bandits.items():
        source = _own_decisions(making, name)
        features = _features(making, row)
        if source is None or features is None or source.name not in making.run.steps:
            continue
        if computable(features, making.frame(source).columns):
            continue
        found += [
            f"{name} will not learn from what {who} decides: it does not ask it, so what was seen is not "
            f"logged, and {features.function.__name__} reads more than a decision holds"
            for who in _others(making, name)
        ]
    return found


def _own_decisions(making: Making, name: str) -> Node | None:
    """The outcomes of its own decisions that a step stands on."""
    for node in making.flow.graph.ancestors(name):
        if node.role == "outcomes" and isinstance(node.declared.of, Decisions):
            return node if node.declared.of.capability in (None, making.capability) else None
    return None


def _features(making: Making, row: type[Row]) -> FeatureSet[..., Row] | None:
    """The features that give such rows."""
    known = vars(making.flow.module("flow")).values()
    return next((one for one in known if isinstance(one, FeatureSet) and one.row is row), None)


def _others(making: Making, name: str) -> list[str]:
    """The arms that do not ask a bandit, and the fallback where it is none of them."""
    arms = making.experiment.arms if making.experiment is not None else {}
    who = {function: f"the arm {arm}" for arm, function in arms.items()}
    if making.service.fallback is not None:
        who.setdefault(reference(making.service.fallback), "the fallback")
    return [
        told
        for function, told in who.items()
        if name not in read_signature(named(making.flow.loaded, function), function).bandits
    ]
