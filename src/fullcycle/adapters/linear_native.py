"""Linear models in a form of our own: weights, an intercept and a link, asked without their library.

Products are added from left to right, in every engine the same; scikit-learn leaves the order
to BLAS, which has another for each number of rows. What the two may differ by is told by
``rounding``.
"""

from collections.abc import Sequence
from math import isfinite, nan
from typing import TYPE_CHECKING, Any

import msgspec

from fullcycle.adapters.asking import in_parts, matrix_of, other_width
from fullcycle.adapters.links import LINKS, rounding_after
from fullcycle.adapters.prepared import Preparation, Prepared
from fullcycle.kernel import Digest, digest_parts, later
from fullcycle.record import unreadable

if TYPE_CHECKING:
    from array import array

    import numpy as np
    import numpy.typing as npt

    Array = npt.NDArray[np.float64]
else:
    np = later("numpy")  # one row is answered without it


class LinearForm(msgspec.Struct, frozen=True, kw_only=True):
    """A linear model of ``width`` features; the weights are of what ``preparation`` makes of them."""

    width: int
    weights: tuple[float, ...]
    intercept: float
    link: str = "identity"
    preparation: Preparation | None = None


class LinearPredictor:
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

    def scores_flat(self, values: "array[float]") -> Sequence[float]:
        """Predict rows whose ``n_features`` numbers each follow each other."""
        found: list[float] = self.scores_of(np.frombuffer(values).reshape(-1, self.n_features)).tolist()
        return found

    def scores_of(self, matrix: Any, *, threads: int = 1) -> "Array":
        """Predict ``(n_rows,)`` from a float64 matrix, or buffer, of ``(n_rows, n_features)``."""
        return in_parts(self._asked, matrix_of(matrix, self.n_features), threads)

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
        if len(form.weights) != width or form.link not in LINKS or not fits:
            raise unreadable("a linear model", "its parts do not fit together")
        return LinearPredictor(form)

    def content(self, value: LinearPredictor, data: bytes) -> Digest:
        """Digest of the form."""
        return digest_parts(self.name, [data])
