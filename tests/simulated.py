"""Sufficient statistics of many simulated experiments at once, from their own distribution where known.

Leading axes are runs (and days); what a function of ours makes of one run is asked of ``gram``.
"""

from dataclasses import dataclass

import numpy as np

from fullcycle.experiment import Gram


@dataclass(frozen=True)
class Many:
    """Units of the shape ``(…)``, means ``(…, k)`` and sums of products of deviations ``(…, k, k)``."""

    units: np.ndarray
    means: np.ndarray
    products: np.ndarray

    def gram(self, *run):
        """One of them, as a warehouse brings it home."""
        products = self.products[run]
        size = products.shape[-1]
        triangle = tuple(float(products[i, j]) for i in range(size) for j in range(i + 1))
        return Gram(int(self.units[run]), tuple(self.means[run].tolist()), triangle)

    def grams(self):
        """One for each run."""
        low = np.tril_indices(self.means.shape[-1])
        triangles = self.products[..., low[0], low[1]].tolist()
        return [
            Gram(int(n), tuple(means), tuple(products))
            for n, means, products in zip(self.units.tolist(), self.means.tolist(), triangles, strict=True)
        ]

    def so_far(self):
        """Added up over the last of the leading axes: the days."""
        units = self.units[..., None]
        sums = (self.means * units).cumsum(axis=-2)
        raw = self.products + self.means[..., :, None] * self.means[..., None, :] * units[..., None]
        total = self.units.cumsum(axis=-1)
        means = sums / total[..., None]
        squares = raw.cumsum(axis=-3) - means[..., :, None] * means[..., None, :] * total[..., None, None]
        return Many(total, means, squares)


def of_rows(rows):
    """Of units' values, ``(…, n_units, k)``."""
    means = rows.mean(axis=-2)
    off = rows - means[..., None, :]
    return Many(np.full(rows.shape[:-2], rows.shape[-2]), means, np.einsum("...ni,...nj->...ij", off, off))


def normal(rng, shape, n, mean, covariance):
    """Of normal values: normal means and Wishart products, by Bartlett's decomposition."""
    mean, root = np.atleast_1d(mean), np.linalg.cholesky(np.atleast_2d(covariance))
    size = len(mean)
    means = mean + rng.normal(size=(*shape, size)) @ root.T / np.sqrt(n)
    lower = np.tril(rng.normal(size=(*shape, size, size)), -1)
    for i in range(size):
        lower[..., i, i] = np.sqrt(rng.chisquare(n - 1 - i, shape))
    part = root @ lower
    return Many(np.full(shape, n), means, part @ np.swapaxes(part, -1, -2))


def bernoulli(rng, shape, n, rate):
    """Of zeros and ones."""
    share = rng.binomial(n, rate, shape)[..., None] / n
    return Many(np.full(shape, n), share, (n * share * (1 - share))[..., None])


def spending(rng, shape, n, rate, *, lean=0.0, cap=np.inf):
    """Mostly nothing, else a lognormal amount; with ``lean``, a covariate before it that goes along."""
    runs = int(np.prod(shape))
    bought = rng.binomial(n, rate, runs)
    run = np.repeat(np.arange(runs), bought)
    before = rng.normal(size=len(run))
    amount = np.minimum(np.exp(lean * before + np.sqrt(1 - lean**2) * rng.normal(size=len(run))), cap)
    first, square = (np.bincount(run, each, runs) for each in (amount, amount**2))
    means, products = first / n, square - first**2 / n
    if not lean:
        return Many(np.full(shape, n), means.reshape(*shape, 1), products.reshape(*shape, 1, 1))
    others = n - bought  # their covariate is normal, too, and all that is needed of it are two sums
    sums = rng.normal(size=runs) * np.sqrt(others)
    squares = rng.chisquare(others - 1) + sums**2 / others
    x1, x2, xy = (np.bincount(run, each, runs) for each in (before, before**2, before * amount))
    x1, x2 = x1 + sums, x2 + squares
    both = np.stack([first, x1], axis=-1) / n
    pairs = np.stack([square, xy, xy, x2], axis=-1).reshape(runs, 2, 2)
    pairs = pairs - n * both[:, :, None] * both[:, None, :]
    return Many(np.full(shape, n), both.reshape(*shape, 2), pairs.reshape(*shape, 2, 2))


def sessions(rng, shape, n, *, per_session=10.0, own=2.0, most=8):
    """Units of 1 to ``most`` sessions that resemble each other: (sum over sessions, sessions)."""
    many = rng.integers(1, most + 1, (*shape, n)).astype(float)
    level = rng.normal(0, own, (*shape, n)) + 0.3 * many  # who comes often is another sort, too
    total = many * (per_session + level) + np.sqrt(many) * rng.normal(size=(*shape, n))
    return of_rows(np.stack([total, many], axis=-1))


def compared(control, treated):
    """Difference, squared standard error and degrees of freedom of means, freed from covariates.

    Written once more, for all runs at a time: a test holds that it is what a readout tells.
    """
    n0, n1 = control.units[..., None], treated.units[..., None]
    step = treated.means - control.means
    part = (n0 * n1 / (n0 + n1))[..., None]
    both = control.products + treated.products + step[..., :, None] * step[..., None, :] * part
    weights = np.ones(control.means.shape)
    if weights.shape[-1] > 1:
        weights[..., 1:] = -np.linalg.solve(both[..., 1:, 1:], both[..., 1:, :1])[..., 0]
    spreads = [
        np.einsum("...i,...ij,...j->...", weights, arm.products, weights) / (arm.units - 1) / arm.units
        for arm in (control, treated)
    ]
    total = spreads[0] + spreads[1]
    df = total**2 / (spreads[0] ** 2 / (control.units - 1) + spreads[1] ** 2 / (treated.units - 1))
    return np.einsum("...i,...i->...", weights, step), total, df
