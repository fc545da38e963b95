"""Which predictors a service has, each loaded when a model of its kind is met."""

from collections.abc import Sequence
from typing import NoReturn

from fullcycle.kernel import Invalid
from fullcycle.record import Codec, Codecs, Vendor
from fullcycle.release.manifest import BANDIT

NEEDS: dict[str, tuple[tuple[str, ...], ...]] = {
    "lightgbm-text@1": (("lightgbm",),),
    "xgboost-ubj@1": (("xgboost-cpu", "xgboost"),),  # either brings the library
    "onnx@1": (("onnxruntime",), ("numpy",)),
    "linear@1": (("numpy",),),  # for many rows at once
    "trees@1": (("numpy",),),
    "trees@2": (("numpy",),),
}
"""By the codec of what is served: the distributions that have to be installed, one of each choice."""


OWN = ("linear@1", "trees@1", "trees@2")
"""The codecs of ``own_codecs``."""


def serving_codecs() -> Codecs:
    """Codecs of what a service loads, each library's when a model of it is met; none is a pickle."""
    codecs = Codecs()
    for vendor in _VENDORS:
        codecs.offer(vendor)
    return codecs


def own_codecs() -> Sequence[Codec]:
    """Those of the forms that fullcycle itself gives a model."""
    from fullcycle.adapters.linear_native import LinearCodec
    from fullcycle.adapters.trees_codec import TreesCodec, first_trees_codec

    return [LinearCodec(), TreesCodec(), first_trees_codec()]


def _bandits() -> Sequence[Codec]:
    from fullcycle.bandit import BanditCodec

    return [BanditCodec()]


def _lightgbm() -> Sequence[Codec]:
    from fullcycle.adapters.lightgbm_native import native_booster_codec

    return [native_booster_codec()]


def _xgboost() -> Sequence[Codec]:
    from fullcycle.adapters.xgboost_native import native_xgboost_codec

    return [native_xgboost_codec()]


def _onnx() -> Sequence[Codec]:
    from fullcycle.adapters.onnx_native import onnx_codec

    return [onnx_codec()]


def _not_served() -> NoReturn:
    raise Invalid(
        "a service reads no estimator as scikit-learn's library has it",
        "a model of the release",
        "release the run again: the model then goes out in a form that a service asks",
    )


_VENDORS = (
    Vendor("lightgbm", ("lightgbm-text@1",), _lightgbm, ""),
    Vendor("xgboost", ("xgboost-ubj@1",), _xgboost, ""),
    Vendor("onnx", ("onnx@1",), _onnx, ""),
    Vendor("fullcycle.bandit", (BANDIT,), _bandits, ""),
    Vendor("fullcycle.models", OWN, own_codecs, ""),
    Vendor("sklearn", ("sklearn-skops@1",), _not_served, ""),
)
