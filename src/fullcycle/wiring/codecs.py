"""Every codec that is installed, and those that a project declares: what a step may return."""

import sys
from collections.abc import Iterator, Sequence
from typing import Any

from fullcycle.adapters.arrays import ArrayCodec
from fullcycle.adapters.matplotlib import PictureCodec
from fullcycle.adapters.polars_lazy import LazyFrameCodec
from fullcycle.bandit import BanditCodec
from fullcycle.code import Loaded, reach
from fullcycle.data import FrameCodec, LookupCodec
from fullcycle.evaluate import FirstSplitCodec, SplitCodec
from fullcycle.record import Codec, Codecs, DeclaredCodec, PickleCodec, Vendor
from fullcycle.wiring.predictors import OWN, own_codecs

_CODE = 12  # characters of a digest in a codec's name


def every_codec(loaded: Loaded | None = None) -> Codecs:
    """The codecs of all that the store knows, each library's imported when one of its values is met.

    ``loaded`` is a project's archive, whose flow has been imported: the codecs that its
    modules declare are known too, and its pickles.
    """
    codecs = Codecs()
    splits = (FirstSplitCodec(), SplitCodec())
    tables = (FrameCodec(), LazyFrameCodec(), *splits, LookupCodec())
    for codec in (*tables, BanditCodec(), ArrayCodec(), PictureCodec()):
        codecs.register(codec)
    for vendor in _VENDORS:
        codecs.offer(vendor)
    if loaded is not None:
        codecs.register(PickleCodec(loaded))
        for declared in declared_codecs(loaded):
            codecs.register(declared)
    return codecs


def declared_codecs(loaded: Loaded) -> Iterator[DeclaredCodec[Any]]:
    """The codecs that the modules imported so far bind to a name.

    Each is called by where it is and by the digest of its code: what other code wrote is
    not read by it, but computed anew.
    """
    for full, module in sorted(sys.modules.items()):
        if full != loaded.name and not full.startswith(f"{loaded.name}."):
            continue
        home = full.removeprefix(loaded.name).removeprefix(".")
        for name, value in list(vars(module).items()):
            if isinstance(value, DeclaredCodec) and value.home == full:
                code = reach(loaded.archive, home, name).digest[:_CODE]
                yield value.called(f"{home}:{name}@{code}")


def _lightgbm() -> Sequence[Codec]:
    from fullcycle.adapters.lightgbm import BoosterCodec

    return [BoosterCodec()]


def _onnx() -> Sequence[Codec]:
    from fullcycle.adapters.onnx import OnnxCodec

    return [OnnxCodec()]


def _xgboost() -> Sequence[Codec]:
    from fullcycle.adapters.xgboost import XGBoostCodec

    return [XGBoostCodec()]


def _sklearn() -> Sequence[Codec]:
    from fullcycle.adapters.sklearn import EstimatorCodec

    return [EstimatorCodec()]


def _pandas() -> Sequence[Codec]:
    from fullcycle.adapters.pandas import PandasFrameCodec, PandasSeriesCodec

    return [PandasFrameCodec(), PandasSeriesCodec()]


def _arrow() -> Sequence[Codec]:
    from fullcycle.adapters.arrow import ArrowBatchCodec, ArrowTableCodec

    return [ArrowTableCodec(), ArrowBatchCodec()]


def _altair() -> Sequence[Codec]:
    from fullcycle.adapters.altair import ChartCodec

    return [ChartCodec()]


_PIP = 'python -m pip install "fullcycle[{}]"'
_VENDORS = (
    Vendor("lightgbm", ("lightgbm-text@1",), _lightgbm, _PIP.format("lightgbm")),
    Vendor("xgboost", ("xgboost-ubj@1",), _xgboost, _PIP.format("xgboost")),
    Vendor("onnx", ("onnx@1",), _onnx, _PIP.format("onnx")),
    Vendor("fullcycle.models", OWN, own_codecs, ""),
    Vendor("sklearn", ("sklearn-skops@1",), _sklearn, _PIP.format("sklearn")),
    Vendor("pandas", ("pandas-frame@1", "pandas-series@1"), _pandas, _PIP.format("pandas")),
    Vendor("pyarrow", ("arrow-table@1", "arrow-batch@1"), _arrow, _PIP.format("arrow")),
    Vendor("altair", ("vega-lite@1",), _altair, _PIP.format("altair")),
)
