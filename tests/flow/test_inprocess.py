"""fullcycle.flow.inprocess: what a call took."""

import time

from fullcycle.flow import InProcess


def test_work_counts_as_cpu_time_and_waiting_does_not():
    worked = InProcess().call(lambda n, *, of: sum(range(n)) * of, {"n": 500_000}, {"of": 0})
    waited = InProcess().call(lambda: time.sleep(0.05), {}, {})

    assert (worked.value, waited.value) == (0, None)
    assert worked.cpu > 0.001
    assert waited.cpu < 0.025
    assert 0.05 <= waited.wall < 1
    assert worked.peak_memory > 1_000_000
