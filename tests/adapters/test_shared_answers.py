"""fullcycle.adapters.shared_answers: one decides, the others give its answer, whoever dies."""

import stat
import subprocess
import sys
import threading

import pytest

from fullcycle.adapters.shared_answers import SharedAnswers
from fullcycle.kernel import digest_bytes
from fullcycle.serve.answered import Claim

SENT, OTHER = digest_bytes(b"{}"), digest_bytes(b"[]")


class Clock:
    """Tells what it is set to, in microseconds."""

    at = 1_700_000_000_000_000

    def __call__(self) -> int:
        return self.at


@pytest.fixture
def host(tmp_path):
    """Makes workers of one host; ``told`` is what they tell."""
    made = []

    def worker(**options):
        made.append(SharedAnswers(tmp_path / "answers.keys", worker.told.append, **options))
        return made[-1]

    worker.told, worker.path = [], tmp_path / "answers.keys"
    yield worker
    for one in made:
        one.close()


def killed(path, key):
    """A worker claims a key, and ends without another word."""
    code = (
        "import os, sys, pathlib\n"
        "from fullcycle.adapters.shared_answers import SharedAnswers\n"
        f"print(SharedAnswers(pathlib.Path(sys.argv[1]), print).claim({key!r}, {SENT!r}))\n"
        "sys.stdout.flush(), os._exit(9)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, path], capture_output=True, text=True, check=False)
    assert done.returncode == 9, done.stderr


def test_what_one_worker_answered_another_gives_as_well(host):
    one, other = host(), host()

    assert one.claim("order-17", SENT) == Claim()
    one.keep([("order-17", b"yes")])

    assert other.claim("order-17", SENT) == one.claim("order-17", SENT) == Claim(answer=b"yes")
    assert other.claim("order-17", OTHER) == Claim(answer=b"yes", other=True)
    assert other.claim("order-18", SENT) == Claim()


def test_a_key_that_is_being_decided_on_is_nobody_elses(host):
    one, other = host(), host()
    one.claim("order-17", SENT)

    assert other.claim("order-17", SENT) == Claim(busy=True)
    assert other.claim("order-17", OTHER) == Claim(busy=True, other=True)
    one.drop("order-17")
    assert other.claim("order-17", OTHER) == Claim()


def test_what_was_answered_is_not_given_up(host):
    one = host()
    one.claim("order-17", SENT)
    one.keep([("order-17", b"yes")])
    one.drop("order-17")

    assert host().claim("order-17", SENT).answer == b"yes"


def test_a_key_of_a_worker_that_was_killed_goes_to_one_that_asks_next(host):
    killed(host.path, "order-17")
    one, other = host(), host()

    assert one.claim("order-17", SENT) == Claim()
    assert other.claim("order-17", SENT) == Claim(busy=True)


def test_a_claim_does_not_hold_for_ever(host):
    clock = Clock()
    one, other = host(clock=clock), host(clock=clock)
    one.claim("order-17", SENT)
    clock.at += 60_000_001

    assert other.claim("order-17", SENT) == Claim()


def test_of_many_that_ask_at_once_one_decides(host):
    claims, begin = [], threading.Barrier(8)

    def ask():
        mine = host()
        begin.wait()
        claims.extend(mine.claim(f"order-{n}", SENT) for n in range(50))
        mine.close()

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()

    assert len(claims) == 400
    assert sum(not claim.busy for claim in claims) == 50
    assert host.told == []


def test_the_last_keys_are_remembered_and_older_ones_forgotten(host):
    one = host(keys=100)
    for n in range(1000):
        one.claim(f"order-{n}", SENT)
        one.keep([(f"order-{n}", b"yes")])

    assert one.claim("order-998", SENT).answer == b"yes"
    assert one.claim("order-901", SENT).answer == b"yes"
    assert one.claim("order-399", SENT) == Claim()


def test_a_file_that_grows_too_large_forgets_its_older_half(host):
    one = host(most_bytes=2_000_000)
    for n in range(2000):
        one.claim(f"order-{n}", SENT)
        one.keep([(f"order-{n}", bytes(4_000))])

    assert one.claim("order-1999", SENT).answer is not None
    assert one.claim("order-0", SENT) == Claim()
    assert host.path.stat().st_size < 6_000_000


def test_answers_are_for_nobody_else_to_read(host):
    host().claim("order-17", SENT)

    assert stat.S_IMODE(host.path.stat().st_mode) == 0o600


def test_a_damaged_file_is_begun_anew(host):
    host.path.write_bytes(b"no database at all" * 1000)
    one = host()

    assert one.claim("order-17", SENT) == Claim()
    one.keep([("order-17", b"yes")])
    assert host().claim("order-17", SENT).answer == b"yes"
    assert host.told == []


def test_where_the_file_cannot_be_used_each_decides_for_itself_and_that_is_told_once(tmp_path):
    told = []
    one = SharedAnswers(tmp_path / "none" / "answers.keys", told.append)
    for _ in range(2):
        assert one.claim("order-17", SENT) == Claim()
        one.keep([("order-17", b"yes")])
        one.drop("order-17")

    (line,) = told
    assert "each remembers by itself" in line


def test_answers_that_are_kept_together_are_all_given_by_others(host):
    one, other = host(), host()
    keys = [f"order-{n}" for n in range(5)]
    for key in keys[:4]:
        one.claim(key, SENT)

    one.keep([(key, key.encode()) for key in keys])  # the last was never claimed

    assert [other.claim(key, SENT).answer for key in keys] == [*(key.encode() for key in keys[:4]), None]
    one.claim("order-9", SENT)
    one.keep([("order-9", b"yes")])
    assert other.claim("order-9", SENT).answer == b"yes"
