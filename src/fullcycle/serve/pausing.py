"""A model that rows wait for: asked in one call for all of them, as long as that takes less.

To pause costs a few microseconds, which a call of most libraries exceeds tenfold and one of
LightGBM's native library does not. So each model is timed both ways for its first calls, and is
then asked in the way that took less.
"""

import time
from array import array
from collections.abc import Callable, Sequence
from math import isfinite
from typing import Any

from fullcycle.release import ReleasedModel, scores_of
from fullcycle.serve.ports import Fibers

_PAUSE_S = 2e-6  # that a row takes longer where it waits
_WEIGHED = 4  # calls of a model after which it is known which way is cheaper
_SAMPLE = 16  # of those that wait are also asked one by one, for their time


class PausingModel:
    """A ``Model[X]`` that is asked when all who will ask it now have done so.

    ``wait`` hears that somebody waits for it. It ``pauses`` until asking it row by row turns out
    to take less.
    """

    def __init__(self, model: ReleasedModel, fibers: Fibers, wait: Callable[["PausingModel"], None]) -> None:
        self.pauses = True
        self._model = model
        self._encode = model.encode
        self._width = model.predictor.n_features
        self._fibers = fibers
        self._current, self._pause = fibers.current, fibers.pause
        self._wait = wait
        self._timed: list[tuple[float, float]] = []  # seconds of a row: together, one by one
        self._anew()

    def _anew(self) -> None:
        self._values = array("d")
        self._parked: list[tuple[Any, Any, int]] = []  # who waits, what for, and how many rows; 0 for one

    def predict(self, x: Any, /) -> Any:
        """Wait for the prediction of one row, or of each of many.

        Raises:
            NoNumber: where the model gives NaN or infinity.
        """
        fiber = self._current() if self.pauses else None
        if fiber is None:  # or in a thread of the user's own
            return self._model.predict(x)
        many = isinstance(x, (list, tuple))
        encoded = [self._encode(row) for row in x] if many else [self._encode(x)]
        if not encoded or any(len(numbers) != self._width for numbers in encoded):
            return self._model.predict(x)  # what it raises, or gives for nothing
        for numbers in encoded:
            self._values.extend(numbers)
        if not self._parked:
            self._wait(self)
        self._parked.append((fiber, x, len(encoded) if many else 0))
        return self._pause()

    def ask(self) -> None:
        """Ask for all that wait, and let each go on with its own."""
        values, parked = self._values, self._parked
        self._anew()
        try:
            began = time.perf_counter()
            scores = scores_of(self._model.predictor, values)
            took = time.perf_counter() - began
            if self.pauses and len(self._timed) < _WEIGHED:
                self._weigh(took / len(parked), parked)
        except Exception:  # noqa: BLE001 - asked one by one, each gets what is its own
            for fiber, x, _ in parked:
                self._answer(fiber, x)
            return
        at = 0
        for fiber, x, count in parked:
            given = scores[at : at + (count or 1)]
            at += count or 1
            if not all(map(isfinite, given)):
                self._answer(fiber, x)  # raises what it raises for this row alone
            else:
                self._fibers.resume(fiber, list(given) if count else given[0])

    def _answer(self, fiber: Any, x: Any) -> None:
        """Let one go on with what it is answered alone."""
        try:
            value = self._model.predict(x)
        except Exception as error:  # noqa: BLE001 - it belongs to who asked
            self._fibers.throw(fiber, error)
        else:
            self._fibers.resume(fiber, value)

    def _weigh(self, together_s: float, parked: Sequence[tuple[Any, Any, int]]) -> None:
        """Time some of those who wait one by one, and decide on the cheaper way when it is known."""
        sample = parked[:_SAMPLE]
        self._model.predict(sample[0][1])  # what a thread prepares once is no part of it
        began = time.perf_counter()
        for _, x, _ in sample:
            self._model.predict(x)
        self._timed.append((together_s, (time.perf_counter() - began) / len(sample)))
        if len(self._timed) == _WEIGHED:
            together, alone = (min(column) for column in zip(*self._timed, strict=True))
            self.pauses = together + _PAUSE_S < alone
            if not self.pauses:
                self.predict = self._model.predict  # type: ignore[method-assign]  # nothing stands between
