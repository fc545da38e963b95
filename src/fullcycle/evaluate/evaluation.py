"""The outcome of an evaluation: plain data that goes into the record and onto the report."""

from typing import Literal

import msgspec

from fullcycle.kernel import Card


class Measured(msgspec.Struct, frozen=True):
    """A number with its 95 % bootstrap interval."""

    value: float
    low: float
    high: float


class Slice(msgspec.Struct, frozen=True, kw_only=True):
    """The score on the rows where ``column`` has ``value``; ``note`` says why there is none."""

    column: str
    value: str
    rows: int
    score: Measured | None = None
    note: str = ""


class Bin(msgspec.Struct, frozen=True, kw_only=True):
    """Rows of similar predictions: their mean prediction beside their mean label and its interval."""

    rows: int
    predicted: float
    observed: float
    low: float
    high: float


class CurvePoint(msgspec.Struct, frozen=True, kw_only=True):
    """The Qini curve at one share: gain per row of everybody, with its pointwise 95 % band."""

    share: float
    gain: float
    low: float
    high: float


class Influence(msgspec.Struct, frozen=True, kw_only=True):
    """What one feature adds to the predictions: its mean absolute SHAP value, and some rows.

    ``effects`` are SHAP values of sampled rows; ``levels`` the rank of the feature's value
    among all rows, 0 lowest to 1 highest, None where it is missing; ``labels`` the values of
    a categorical feature, whose levels are places in that order, empty for a number.
    """

    feature: str
    mean_abs: float
    effects: list[float]
    levels: list[float | None]
    labels: list[str] = []


class Evaluation(msgspec.Struct, frozen=True, kw_only=True):
    """A model judged on rows it had not seen.

    ``difference`` is model minus baseline over the same resamples. ``bins`` are
    ``"calibration"`` for a label of 0 and 1, else ``"error"``. ``curve`` is empty but for
    Qini scores, ``influences`` but for models that can explain themselves.
    """

    score: str
    meaning: str
    higher_is_better: bool
    model: Measured
    baseline: Measured
    baseline_name: str
    difference: Measured
    train_rows: int
    test_rows: int
    slices: list[Slice] = []
    bins: list[Bin] = []
    bins_kind: Literal["calibration", "error"] = "error"
    curve: list[CurvePoint] = []
    influences: list[Influence] = []
    notes: list[str] = []

    @property
    def beats_baseline(self) -> bool:
        """Whether the model is on the right side of its baseline, certain or not."""
        return (self.difference.value > 0) == self.higher_is_better and self.difference.value != 0

    @property
    def clearly_better(self) -> bool:
        """Whether the whole interval of the difference is on the right side of the baseline."""
        return self.difference.low > 0 if self.higher_is_better else self.difference.high < 0

    @property
    def clearly_worse(self) -> bool:
        """Whether the whole interval of the difference is on the wrong side of the baseline."""
        return self.difference.high < 0 if self.higher_is_better else self.difference.low > 0

    def _repr_html_(self) -> str:
        told = {"": self.meaning, "rows": f"{self.test_rows:,} unseen, {self.train_rows:,} to learn from"}
        measured = {"model": self.model, self.baseline_name: self.baseline, "difference": self.difference}
        rows = [(name, one.value, one.low, one.high) for name, one in measured.items()]
        rows += [
            (f"{part.column}: {part.value}", part.score.value, part.score.low, part.score.high)
            for part in self.slices
            if part.score is not None
        ]
        return Card(self.score, told, ("", "value", "95 % from", "to"), rows).html()
