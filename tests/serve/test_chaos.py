"""Deployments and kills under load, held against the log: ``tests/chaos.py`` does it at length."""

import pytest

from chaos import CLIENTS, Outcome, go_through


def require_kept(outcome: Outcome) -> None:
    """What must be so whatever happens."""
    assert outcome.failed == []
    assert outcome.missing == set()
    assert outcome.twice == []
    assert outcome.repeated == set()
    assert outcome.strange == set()
    assert outcome.holes == 0
    assert outcome.undelivered <= outcome.lost <= outcome.killed * CLIENTS


def test_deployments_and_rollbacks_fail_no_request_and_each_answer_is_in_the_log_once(tmp_path):
    outcome = go_through(tmp_path, requests=2_000, deploys=6)

    require_kept(outcome)
    assert (outcome.asked, outcome.deployed) == (2_000, 6)


def test_workers_that_are_killed_lose_no_answered_request_and_fail_none_that_is_asked_again(tmp_path):
    outcome = go_through(tmp_path, requests=6_000, deploys=2, kill_every_s=0.3)

    require_kept(outcome)
    assert outcome.killed >= 1


@pytest.mark.slow
@pytest.mark.parametrize("kill_every_s", [None, 0.5], ids=["deployments", "and kills"])
def test_at_length_every_answer_is_in_the_log_once(tmp_path, kill_every_s):
    outcome = go_through(tmp_path, requests=20_000, deploys=20, kill_every_s=kill_every_s)

    require_kept(outcome)
    assert (outcome.asked, outcome.deployed) == (20_000, 20)
    assert outcome.killed >= (kill_every_s is not None)
