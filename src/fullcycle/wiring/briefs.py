"""A capability's brief, met with its flow: the metric that it names, and whether the flow has it yet."""

import msgspec

from fullcycle.brief import Brief, parse_brief
from fullcycle.flow import RunRecord
from fullcycle.kernel import Invalid, Misconfigured, Missing, UnknownName, indented
from fullcycle.wiring.config import NAME
from fullcycle.wiring.flow import Flow, metric_example


def read_brief(flow: Flow) -> Brief:
    """The brief as the flow's archive holds it.

    Its metric may be one that the flow does not define yet; one that is spelled almost as a
    metric of the flow is taken for a slip.

    Raises:
        Invalid, UnknownName: naming the line, where it says something it may not.
    """
    path = f"{flow.capability}/brief.md"
    text, metrics = flow.archive.files[path].decode(), flow.graph.metrics
    brief = parse_brief(text, path=path)
    if brief.metric in metrics:
        brief = msgspec.structs.replace(brief, good=metrics[brief.metric].good)
    elif UnknownName.near(brief.metric, metrics):
        parse_brief(text, path=path, metrics=metrics)
    currency, worth = flow.project.config.project.currency, brief.estimate.worth.currency
    if worth != currency:
        raise Misconfigured(
            f"the brief tells worth in {worth}, the project counts costs in {currency}",
            path,
            f"write worth in {currency}, or set currency in {NAME}: nothing is converted",
        )
    return brief


def unmeasured(flow: Flow, brief: Brief) -> str:
    """What is said, in a line, where the flow does not define its brief's metric yet; else empty."""
    if brief.metric in flow.graph.metrics:
        return ""
    example = metric_example(brief.metric).partition("  #")[0]
    return (
        f"{brief.metric}, the metric of {flow.capability}/brief.md, is not evaluated yet; "
        f"define it in {flow.capability}/flow.py, say {example}"
    )


def require_steps(flow: Flow) -> None:
    """Refuse a flow with nothing in it.

    Raises:
        Missing: where ``flow.py`` declares neither a source nor a step.
    """
    if not flow.graph.nodes:
        path = f"{flow.capability}/flow.py"
        example = "import fullcycle as fc\n\n@fc.step\ndef answer() -> int:\n    return 42"
        raise Missing(f"{path} declares no step yet", path, f"begin with one:{indented(example)}")


def require_measured(flow: Flow, brief: Brief | None, run: RunRecord) -> None:
    """Refuse to release what nobody could tell the worth of.

    Raises:
        Invalid: where the flow does not define the metric of its brief.
    """
    if brief is not None and brief.metric not in flow.graph.metrics:
        raise Invalid(
            f"{run.ref} does not evaluate {brief.metric}, the metric of its brief",
            f"{flow.capability}/flow.py",
            f"define it there, and run again:{indented(metric_example(brief.metric))}",
        )
