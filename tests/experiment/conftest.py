"""What simulations share: seeds that follow from the test's name, and exact binomial bands."""

import numpy as np
import pytest
from scipy.stats import binom

from fullcycle.kernel import digest_bytes

BAND = 1e-5


@pytest.fixture
def rng(request):
    """Seeded by a digest of the test's own name: the same on every machine, chosen by nobody."""
    return np.random.default_rng(int(digest_bytes(request.node.name.encode())[:16], 16))


@pytest.fixture
def happens_at_rate():
    """Fail unless ``count`` of ``n`` is what chance gives at ``rate``, outside a band of 1e-5 a side."""

    def check(count, n, rate):
        low, high = binom.cdf(count, n, rate), binom.sf(count - 1, n, rate)
        assert min(low, high) >= BAND, f"{count / n:.4f} of {n}, not {rate}"

    return check


@pytest.fixture
def happens_at_most():
    """Fail where ``count`` of ``n`` is more than chance gives at ``rate``, by a band of 1e-5."""

    def check(count, n, rate):
        assert binom.sf(count - 1, n, rate) >= BAND, f"{count / n:.4f} of {n}, more than {rate}"

    return check
