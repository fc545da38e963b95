"""Which units an experiment may touch at all: its part of a layer, and the holdout that it keeps out of.

Experiments that hold different parts of one namespace share no unit. A holdout is reserved for
long: its units get the control of every experiment that names it. Both are hashed by their own
names, so neither says anything of the arms.
"""

import re

from fullcycle.experiment.assign import unit_hash
from fullcycle.experiment.spec import Holdout, Layer
from fullcycle.kernel import Invalid

_WHERE = "fc.Experiment"
_LAYER = re.compile(r"(?P<name>[^:]+):(?P<low>\d+(\.\d+)?)%?-(?P<high>\d+(\.\d+)?)%")
_HOLDOUT = re.compile(r"((?P<name>[^:]+):)?(?P<share>\d+(\.\d+)?)%")


def layer_of(text: str) -> Layer:
    """The part of a namespace that a text names.

    Raises:
        Invalid: for a text of another form, or a part without units.

    >>> layer_of("checkout:0-50%")
    Layer(namespace='checkout', low=0.0, high=0.5)
    """
    found = _LAYER.fullmatch(text) if isinstance(text, str) else None
    low, high = (float(found[end]) / 100 for end in ("low", "high")) if found else (0.0, 0.0)
    if found is None or not 0 <= low < high <= 1:
        raise Invalid(
            f"layer={text!r} is no part of a namespace",
            _WHERE,
            'write the namespace and which part of it: layer="checkout:0-50%"',
        )
    return Layer(found["name"], low, high)


def holdout_of(text: str, *, name: str) -> Holdout:
    """The holdout that a text names; ``name`` where it tells a share only.

    Raises:
        Invalid: for a text of another form, or a share that leaves nobody in or out.

    >>> holdout_of("5%", name="winback/holdout")
    Holdout(name='winback/holdout', share=0.05)
    """
    found = _HOLDOUT.fullmatch(text) if isinstance(text, str) else None
    share = float(found["share"]) / 100 if found else 0.0
    if found is None or not 0 < share < 1:
        raise Invalid(
            f"holdout={text!r} is no share that is held out",
            _WHERE,
            'write the share, and a name where several experiments keep it: holdout="5%" or "winter:5%"',
        )
    return Holdout(found["name"] or name, share)


def layer_place(unit: str, layer: Layer) -> float:
    """Where a unit falls in a namespace, in steps of 1/1,000."""
    return unit_hash(f"__{layer.namespace}", unit, 1) or 0.0


def holdout_place(unit: str, holdout: Holdout) -> float:
    """Where a unit falls by the holdout's own seed, in steps of 1/10,000: held out below its share."""
    return unit_hash(holdout.name, unit, 2) or 0.0
