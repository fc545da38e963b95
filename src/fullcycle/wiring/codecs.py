"""Every codec that is installed: what a step may return."""

from importlib.util import find_spec

from fullcycle.data import FrameCodec
from fullcycle.evaluate import SplitCodec
from fullcycle.record import Codecs


def every_codec() -> Codecs:
    """The codecs of plain values, tables, splits, and of each model library that is installed."""
    codecs = Codecs()
    codecs.register(FrameCodec())
    codecs.register(SplitCodec())
    if find_spec("lightgbm") is not None:
        from fullcycle.adapters.lightgbm import BoosterCodec  # an extra

        codecs.register(BoosterCodec())
    return codecs
