"""How good is a model, and why: splits, scores with intervals, slices, curves, explanations."""

from typing import TYPE_CHECKING

from fullcycle.kernel import lazily

if TYPE_CHECKING:
    from fullcycle.evaluate.codec import FirstSplitCodec as FirstSplitCodec
    from fullcycle.evaluate.codec import SplitCodec as SplitCodec
    from fullcycle.evaluate.contender import Challenge as Challenge
    from fullcycle.evaluate.contender import Contender as Contender
    from fullcycle.evaluate.contender import challenged as challenged
    from fullcycle.evaluate.contender import paired as paired
    from fullcycle.evaluate.evaluation import Bin as Bin
    from fullcycle.evaluate.evaluation import CurvePoint as CurvePoint
    from fullcycle.evaluate.evaluation import Evaluation as Evaluation
    from fullcycle.evaluate.evaluation import Influence as Influence
    from fullcycle.evaluate.evaluation import Measured as Measured
    from fullcycle.evaluate.evaluation import Slice as Slice
    from fullcycle.evaluate.family import mean_of as mean_of
    from fullcycle.evaluate.judge import evaluate as evaluate
    from fullcycle.evaluate.ports import BatchPredictor as BatchPredictor
    from fullcycle.evaluate.ports import Explainer as Explainer
    from fullcycle.evaluate.ports import Features as Features
    from fullcycle.evaluate.ports import Judged as Judged
    from fullcycle.evaluate.sample import Sample as Sample
    from fullcycle.evaluate.sample import Split as Split
    from fullcycle.evaluate.sample import refuse_shared_keys as refuse_shared_keys
    from fullcycle.evaluate.sample import split as split
    from fullcycle.evaluate.score import Score as Score
    from fullcycle.evaluate.score import score_named as score_named

__getattr__, __all__ = lazily(
    __name__,
    {
        "BatchPredictor": ".ports",
        "Bin": ".evaluation",
        "Challenge": ".contender",
        "Contender": ".contender",
        "CurvePoint": ".evaluation",
        "Evaluation": ".evaluation",
        "Explainer": ".ports",
        "Features": ".ports",
        "FirstSplitCodec": ".codec",
        "Influence": ".evaluation",
        "Judged": ".ports",
        "Measured": ".evaluation",
        "Sample": ".sample",
        "Score": ".score",
        "Slice": ".evaluation",
        "Split": ".sample",
        "SplitCodec": ".codec",
        "challenged": ".contender",
        "evaluate": ".judge",
        "mean_of": ".family",
        "paired": ".contender",
        "refuse_shared_keys": ".sample",
        "score_named": ".score",
        "split": ".sample",
    },
)
