"""What each parameter of a run was, and who said so."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from fullcycle.flow.records import RunRecord

Origin = Literal["given", "environment", "default"]


@dataclass(frozen=True, slots=True)
class Setting:
    """A parameter's value, and where it is from: typed with the run, its environment, or the code."""

    value: Any
    origin: Origin


def settings(run: RunRecord) -> dict[str, Setting]:
    """Every parameter that a run is known to have had: see ``settled``."""
    by_step = {name: step.parameters for name, step in run.steps.items()}
    return settled(by_step, run.started.parameters, run.started.from_environment)


def settled(
    by_step: Mapping[str, Mapping[str, Any]], told: Mapping[str, Any], from_environment: Sequence[str] = ()
) -> dict[str, Setting]:
    """Parameters by the name that a reader gives them.

    That is ``leaves`` where all steps that take it agree, else ``spend.leaves`` each. Of
    ``told``, what was typed or bound by the environment, what no step took is kept as it is.
    """
    by_name: dict[str, dict[str, Any]] = defaultdict(dict)
    for step, values in by_step.items():
        for parameter, value in values.items():
            by_name[parameter][step] = value
    found = {
        name: Setting(value, _origin(name, told, from_environment))
        for parameter, values in by_name.items()
        for name, value in _named(parameter, values, told).items()
    }
    seen = {key for name in found for key in (name, name.rpartition(".")[2])}
    rest = {name: value for name, value in told.items() if name not in seen and not _covered(name, by_name)}
    return {
        **found,
        **{name: Setting(value, _origin(name, told, from_environment)) for name, value in rest.items()},
    }


def _named(parameter: str, values: Mapping[str, Any], told: Mapping[str, Any]) -> dict[str, Any]:
    apart = any(f"{step}.{parameter}" in told for step in values) and len(values) > 1
    first = next(iter(values.values()))
    if apart or any(value != first for value in values.values()):
        return {f"{step}.{parameter}": value for step, value in values.items()}
    return {parameter: first}


def _covered(name: str, by_name: Mapping[str, Mapping[str, Any]]) -> bool:
    """Whether ``spend.leaves`` is told as ``leaves``, because spend alone takes it."""
    step, _, parameter = name.rpartition(".")
    return step in by_name.get(parameter, {})


def _origin(name: str, told: Mapping[str, Any], from_environment: Sequence[str]) -> Origin:
    """Who set a parameter; what names one step weighs more than what names all."""
    own = name.rpartition(".")[2]
    spelled = [key for key in told if key in (name, own) or key.rpartition(".")[2] == name]
    if not spelled:
        return "default"
    key = next((key for key in spelled if "." in key), spelled[0])
    return "environment" if key in from_environment else "given"
