"""Linear models in a form of our own: weights, an intercept and a link, asked without their library.

Products are added from left to right, in every engine the same; scikit-learn leaves the order
to BLAS, which has another for each number of rows. What the two may differ by is told by
``rounding``.
"""

from collections.abc import Sequence
from math import fsum, isfinite, isnan, nan
from typing import TYPE_CHECKING

import msgspec

from fullcycle.adapters.asking import ByMatrix, other_width
from fullcycle.adapters.links import LINKS, rounding_after
from fullcycle.adapters.prepared import Preparation, Prepared
from fullcycle.kernel import Digest, digest_parts, later
from fullcycle.record import unreadable

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Array = npt.NDArray[np.float64]
else:
    np = later("numpy")  # one row is answered without it


class LinearForm(msgspec.Struct, frozen=True, kw_only=True):
    """A linear model of ``width`` features; the weights are of what ``preparation`` makes of them.

    ``centre`` is the mean of each of those columns over the rows that it learnt from.
    """

    width: int
    weights: tuple[float, ...]
    intercept: float
    link: str = "identity"
    preparation: Preparation | None = None
    centre: tuple[float, ...] = ()  # empty where it is not known: 0 then


class LinearPredictor(ByMatrix):
    """A linear model, for one row or many; any thread may ask it.

    A row that holds NaN or infinity gives NaN: scikit-learn refuses it.
    """

    def __init__(self, form: LinearForm) -> None:
        self.form = form
        self.n_features = form.width
        self._weights, self._intercept = form.weights, form.intercept
        self._link = LINKS[form.link]
        self._prepared = Prepared(form.preparation) if form.preparation is not None else None

    def score(self, values: Sequence[float]) -> float:
        """Predict one row of ``n_features`` numbers."""
        if len(values) != self.n_features:
            raise other_width(len(values), self.n_features)
        seen = values if self._prepared is None else self._prepared.row(values)
        if seen is None:
            return nan
        total = 0.0
        for weight, value in zip(self._weights, seen, strict=True):
            total += weight * value
        total += self._intercept
        return self._link(total) if isfinite(total) else nan

    def scores(self, rows: Sequence[Sequence[float]]) -> list[float]:
        """Predict ``(n_rows, n_features)`` numbers."""
        return [self.score(row) for row in rows]

    def contributions(self, values: Sequence[float]) -> list[float]:
        """What each feature of one row adds to the linear sum, and last what the mean row has.

        A feature adds its weight times how far it is from its mean over the rows that were learnt
        from; one of several columns, what they add together. They sum to what is before the link
        function: for probabilities the log-odds. NaN where the row is refused.

        Source: Lundberg & Lee, "A unified approach to interpreting model predictions", 2017, corollary 1.
        """
        score, form = self.score(values), self.form
        seen = values if self._prepared is None else self._prepared.row(values)
        if seen is None or isnan(score):
            return [nan] * (self.n_features + 1)
        columns = form.preparation.columns if form.preparation is not None else None
        centre = form.centre or [0.0] * len(seen)
        added = [0.0] * self.n_features
        for place, (weight, value, middle) in enumerate(zip(self._weights, seen, centre, strict=True)):
            added[place if columns is None else columns[place].source] += weight * (value - middle)
        base = fsum(weight * middle for weight, middle in zip(self._weights, centre, strict=True))
        return [*added, base + self._intercept]

    def centred(self, learnt: "Array") -> "LinearPredictor":
        """The same, explained against the mean of the rows ``(n_rows, n_features)`` that it learnt from."""
        seen, refused = (
            (learnt, np.zeros(len(learnt), dtype=bool))
            if self._prepared is None
            else self._prepared.matrix(learnt)
        )
        kept = seen[~refused & np.isfinite(seen).all(axis=1)]
        if not len(kept):
            return self
        centre = tuple(fsum(column) / len(kept) for column in kept.T.tolist())  # the same on every machine
        return LinearPredictor(msgspec.structs.replace(self.form, centre=centre))

    def rounding(self, values: Sequence[float]) -> float:
        """The most by which a row's prediction may differ from scikit-learn's: both add n products.

        Source: Higham, "Accuracy and stability of numerical algorithms", 2002, section 3.1.
        """
        seen = values if self._prepared is None else self._prepared.row(values)
        if seen is None:
            return 0.0
        sizes = sum(abs(weight * value) for weight, value in zip(self._weights, seen, strict=True))
        before = (len(self._weights) + 2) * 2.0**-52 * (sizes + abs(self._intercept))
        return rounding_after(self.form.link, self.score(values), before)

    def _asked(self, matrix: "Array") -> "Array":
        seen, refused = (matrix, None) if self._prepared is None else self._prepared.matrix(matrix)
        total = np.zeros(len(seen))
        with np.errstate(all="ignore"):  # NaN and infinity are looked for below
            for place, weight in enumerate(self._weights):
                total += weight * seen[:, place]
            total += self._intercept
        total[~np.isfinite(total)] = np.nan
        if refused is not None:
            total[refused] = np.nan
        return total if self.form.link == "identity" else np.array(list(map(self._link, total.tolist())))


class LinearCodec:
    """Stores a linear model's form, as JSON."""

    name = "linear@1"
    suffix = ".linear.json"

    def matches(self, value: object) -> bool:
        """Whether it is a linear model in our own form."""
        return isinstance(value, LinearPredictor)

    def encode(self, value: LinearPredictor) -> bytes:
        """The form."""
        return msgspec.json.encode(value.form)

    def decode(self, data: bytes) -> LinearPredictor:
        """Read a form.

        Raises:
            Damaged: where it is none.
        """
        try:
            form = msgspec.json.decode(data, type=LinearForm)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise unreadable("a linear model", error) from error
        width = form.width if form.preparation is None else len(form.preparation.columns)
        fits = form.preparation is None or (form.preparation.fits and form.preparation.width == form.width)
        if len(form.centre) not in (0, width) or not all(map(isfinite, form.centre)):
            raise unreadable("a linear model", "its parts do not fit together")
        if len(form.weights) != width or form.link not in LINKS or not fits:
            raise unreadable("a linear model", "its parts do not fit together")
        return LinearPredictor(form)

    def content(self, value: LinearPredictor, data: bytes) -> Digest:
        """Digest of the form."""
        return digest_parts(self.name, [data])
