"""What every store of kept arms does: the first arm of a unit stays, for each environment apart."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from fullcycle.adapters.sticky import SqliteStickyStore
from fullcycle.adapters.sticky_postgres import PostgresStickyStore
from fullcycle.experiment import MemoryStickyStore
from fullcycle.kernel import Damaged, Misconfigured


def memory(tmp_path, request):
    return MemoryStickyStore()


def sqlite(tmp_path, request):
    return SqliteStickyStore(tmp_path / "sticky.db", "prod")


def in_postgres(tmp_path, request):
    url = request.getfixturevalue("postgres")
    store = PostgresStickyStore(url, tmp_path.name)
    request.addfinalizer(store.close)
    return store


@pytest.fixture(params=[memory, sqlite, in_postgres], ids=lambda make: make.__name__)
def store(request, tmp_path):
    return request.param(tmp_path, request)


def test_the_first_arm_stays(store):
    assert store.find("client_id", "42") == {}
    assert store.keep("client_id", "42", "winback/trial__0", "chosen") == "chosen"
    assert store.keep("client_id", "42", "winback/trial__0", "today") == "chosen"

    assert store.find("client_id", "42") == {"winback/trial__0": "chosen"}


def test_units_attributes_and_buckets_are_told_apart(store):
    store.keep("client_id", "köln 🙂", "trial__0", "a")
    store.keep("client_id", "köln 🙂", "trial__1", "b")
    store.keep("session", "köln 🙂", "trial__0", "c")
    store.keep("client_id", "o'brien", "trial__0", "d")

    assert store.find("client_id", "köln 🙂") == {"trial__0": "a", "trial__1": "b"}
    assert store.find("session", "köln 🙂") == {"trial__0": "c"}
    assert store.find("client_id", "o'brien") == {"trial__0": "d"}


def test_what_nobody_needs_is_counted_and_given_up(store):
    for unit in ("7", "8", "9"):
        store.keep("client_id", unit, "winback/trial__0", "chosen")
    store.keep("client_id", "7", "winback/next__0", "today")

    assert dict(store.buckets()) == {"winback/next__0": 1, "winback/trial__0": 3}
    store.forget("winback/trial__0")
    store.forget("winback/never__0")

    assert dict(store.buckets()) == {"winback/next__0": 1}
    assert store.find("client_id", "7") == {"winback/next__0": "today"}


def test_the_arms_of_a_unit_come_in_the_order_of_their_buckets(store):
    for bucket in ("b__Z", "b__a", "a__0"):
        store.keep("client_id", "7", bucket, "chosen")

    assert list(store.find("client_id", "7")) == ["a__0", "b__Z", "b__a"]


def test_nothing_is_made_where_nothing_was_kept(tmp_path):
    assert SqliteStickyStore(tmp_path / "sticky.db", "prod").buckets() == {}
    assert not list(tmp_path.iterdir())


def test_of_many_who_keep_at_once_one_is_kept(store):
    with ThreadPoolExecutor(8) as pool:
        kept = set(pool.map(lambda n: store.keep("client_id", "7", "trial__0", str(n)), range(40)))

    assert kept == set(store.find("client_id", "7").values())
    assert len(kept) == 1


def test_processes_share_a_file(tmp_path):
    path = tmp_path / "sticky.db"
    code = (
        "import sys; from fullcycle.adapters.sticky import SqliteStickyStore as Store;"
        "print(Store(sys.argv[1], 'prod').keep('client_id', '7', 'trial__0', sys.argv[2]))"
    )
    asked = [
        subprocess.Popen([sys.executable, "-c", code, str(path), str(n)], stdout=subprocess.PIPE, text=True)
        for n in range(3)
    ]

    kept = {process.communicate(timeout=60)[0].strip() for process in asked}

    assert kept == set(SqliteStickyStore(path, "prod").find("client_id", "7").values())
    assert SqliteStickyStore(path, "staging").find("client_id", "7") == {}


def test_a_file_that_is_none_is_told(tmp_path):
    (tmp_path / "sticky.db").write_bytes(b"no database, but long enough to be read as one" * 99)

    with pytest.raises(Damaged, match="the file of kept arms"):
        SqliteStickyStore(tmp_path / "sticky.db", "prod").find("client_id", "7")


def test_a_database_that_does_not_answer_is_told_without_its_password(tmp_path):
    store = PostgresStickyStore(f"postgresql://who:secret-word@/postgres?host={tmp_path}", "prod")

    with pytest.raises(Misconfigured, match="see that the server runs") as caught:
        store.keep("client_id", "7", "trial__0", "chosen")

    assert "secret-word" not in str(caught.value)


def test_a_connection_that_was_cut_is_opened_again(postgres):
    store = PostgresStickyStore(postgres, "cut")
    store.keep("client_id", "7", "trial__0", "chosen")
    with psycopg.connect(postgres, autocommit=True) as other:
        other.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity "
            "where pid <> pg_backend_pid() and application_name = 'fullcycle'"
        )
    with pytest.raises(Misconfigured):
        store.find("client_id", "7")

    assert store.find("client_id", "7") == {"trial__0": "chosen"}
    store.close()
