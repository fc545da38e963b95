"""fullcycle.release.live: what a release asks by key, its own or what was published since."""

from typing import Annotated

import msgspec
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import served_shop
from fullcycle.data import Lookup, LookupCodec, Row, contract_digest, index_digest, key, write_index
from fullcycle.kernel import Damaged, Invalid, Missing, UnknownName
from fullcycle.record import Artifact, Artifacts, Codecs, MemoryLedger, MemoryObjects, append_next
from fullcycle.release import (
    LookupPublished,
    Manifest,
    PinnedLookup,
    Publications,
    asked_then,
    chosen,
    keep_manifest,
    live_lookups,
    live_stream,
    load_release,
    newest,
    open_lookup,
    publications,
    still_needed,
)

SERVICE = """
from typing import Annotated

import fullcycle as fc
from shop.winback.rows import Client


class Habit(fc.Row):
    client_id: Annotated[int, fc.key]
    campaign: str


class Offer(fc.Row):
    campaign: str


def today(client: Client, habits: fc.Lookup[Habit]) -> Offer:
    return Offer(f"{len(habits)} known")


@fc.service(fallback=today)
def choose(client: Client, habits: fc.Lookup[Habit]) -> Offer:
    found = habits.get(client.client_id)
    return Offer(found.campaign if found is not None else "unknown")


@fc.service
def asks_others(client: Client, others: fc.Lookup[Habit]) -> Offer:
    return Offer("x")
"""


class Habit(Row):
    client_id: Annotated[int, key]
    campaign: str


class Other(Row):
    client_id: Annotated[int, key]
    campaigns: str


def pinned(objects, campaign, contract=Habit):
    """A lookup of clients 7 and 8, stored and indexed."""
    codecs = Codecs()
    codecs.register(LookupCodec())
    columns = {"client_id": [7, 8], contract.__struct_fields__[1]: [campaign, campaign]}
    lookup = Lookup(contract, pl.DataFrame(columns))
    artifact = Artifacts(objects, codecs).keep(lookup)
    index = index_digest(artifact.content)
    size = objects.write(index, lambda path: write_index(lookup, artifact.content, path))
    return PinnedLookup(
        artifact=artifact, index=index, size=size, rows=2, contract=contract_digest(contract), step="habits"
    )


class Shelf:
    def __init__(self, folder):
        self.objects = MemoryObjects()
        self.shop = served_shop.write_shop(folder, service=SERVICE)
        self.own = pinned(self.objects, "own")
        alone = served_shop.alone("choose", "today")
        self.manifest = served_shop.manifest(
            self.objects, self.shop, **alone, models={}, values={}, lookups={"habits": self.own}
        )

    def load(self, **changes):
        digest = keep_manifest(self.objects, msgspec.structs.replace(self.manifest, **changes))
        return load_release(self.objects, digest, served_shop.serving_codecs(), root=self.shop)

    def ask(self, release):
        row = msgspec.convert(served_shop.REQUESTS[0], release.row)
        return [policy.call(row, None).campaign for policy in release.policies.values()]


@pytest.fixture(scope="module")
def shelf(tmp_path_factory):
    return Shelf(tmp_path_factory.mktemp("shelf"))


def test_a_release_asks_the_lookup_of_its_own_run(shelf):
    release = shelf.load()

    assert shelf.ask(release) == ["own", "2 known"]
    assert release.live == {"habits": shelf.own.artifact.content}


def test_what_was_published_takes_its_place_and_leaves_the_release_as_it_is(shelf):
    release = shelf.load()
    new = pinned(shelf.objects, "new")

    other = release.asking(shelf.objects, {"habits": new})

    assert (shelf.ask(other)[0], shelf.ask(release)[0]) == ("new", "own")
    assert other.live == {"habits": new.artifact.content}
    assert other.digest == release.digest
    assert release.asking(shelf.objects, {}) is release


def test_a_lookup_that_the_release_does_not_pin_is_named(shelf):
    with pytest.raises(UnknownName, match=r"there is no 'others'\n.*the lookups of this release"):
        shelf.load(**served_shop.alone("asks_others"))


def test_one_of_another_contract_is_refused_with_the_way_out(shelf):
    other = pinned(shelf.objects, "new", Other)

    with pytest.raises(Invalid, match=r"another contract than Habit is now\n.*\n.*goes out with a release"):
        shelf.load().asking(shelf.objects, {"habits": other})


def test_an_index_that_is_gone_damaged_or_of_another_lookup_is_not_asked(shelf):
    objects, contract = shelf.objects, shelf.load().service.lookups["habits"]
    gone = msgspec.structs.replace(shelf.own, index="cd" * 32)
    with pytest.raises(Missing, match="index of the lookup habits is not there"):
        open_lookup(objects, "habits", gone, contract)

    wrong = msgspec.structs.replace(shelf.own, index=pinned(objects, "another").index)
    with pytest.raises(Damaged, match="was made of another lookup"):
        open_lookup(objects, "habits", wrong, contract)

    hurt = pinned(objects, "hurt")
    path = objects.path(hurt.index)
    data = bytearray(path.read_bytes())
    data[60] ^= 1
    path.write_bytes(data)
    with pytest.raises(Damaged, match="its bytes are not those that were written"):
        open_lookup(objects, "habits", hurt, contract)


def fake(content, contract="c"):
    artifact = Artifact(content, content, "lookup@1", 1)
    return PinnedLookup(artifact=artifact, index=content, size=1, rows=1, contract=contract, step="habits")


MANIFEST = Manifest(
    capability="winback",
    package="shop",
    run=42,
    archive="",
    python="3.11",
    lock="",
    distributions={},
    service="winback.service:choose",
    lookups={"habits": fake("own")},
)


def published(content, *, run=57, releases=7, contract="c", parameter="habits"):
    return LookupPublished(parameter=parameter, lookup=fake(content, contract), run=run, releases=releases)


def content(facts, number=7):
    found = chosen(MANIFEST, number, newest(facts))
    return found["habits"].lookup.index if found else "own"


def on_stream(*bodies):
    ledger = MemoryLedger()
    for body in bodies:
        append_next(ledger, live_stream("winback", "prod"), body, by="ada", at=1000)
    return publications(ledger, "winback", "prod")


def test_the_newest_of_its_contract_counts():
    assert content(on_stream(published("a"), published("b"))) == "b"
    assert content(on_stream(published("a"), published("b", contract="other"))) == "a"
    assert content(on_stream(published("a"), published("b", parameter="others"))) == "a"
    assert content([]) == "own"


def test_what_is_older_than_the_release_does_not_take_the_place_of_its_own():
    old = published("old", run=30, releases=6)

    assert content(on_stream(old)) == "own"
    assert content(on_stream(old), number=6) == "old"  # one that was there then
    assert content(on_stream(published("later run", run=43, releases=6))) == "later run"
    assert content(on_stream(published("chosen", run=30, releases=7))) == "chosen"  # by somebody who knew


def test_it_is_told_since_when_and_by_whom():
    told = live_lookups(MANIFEST, 7, on_stream(published("a"), published("b")))["habits"]
    own = live_lookups(MANIFEST, 7, [])["habits"]

    assert (told.lookup.index, told.run, told.at, told.by) == ("b", 57, 1000, "ada")
    assert (own.lookup.index, own.run, own.at, own.by) == ("own", 42, None, "")


def test_what_a_decision_could_ask_is_found_by_what_it_logged():
    facts = on_stream(published("a"), published("b"))

    assert asked_then(MANIFEST, facts, {"habits": "a"})["habits"].index == "a"
    assert asked_then(MANIFEST, facts, {"habits": "own"}) == MANIFEST.lookups
    assert asked_then(MANIFEST, facts, {}) == {}
    with pytest.raises(Missing, match="what habits held as c was never published here"):
        asked_then(MANIFEST, facts, {"habits": "c"})


def test_what_counts_or_counted_lately_is_needed():
    ledger = MemoryLedger()
    for at, content in ((10, "a"), (20, "b"), (30, "c")):
        append_next(ledger, live_stream("winback", "prod"), published(content), at=at)
    append_next(ledger, live_stream("winback", "prod"), published("d", contract="other"), at=5)
    facts = publications(ledger, "winback", "prod")

    def needed(since):
        return [one.body.lookup.index for one in still_needed(facts, since)]

    assert needed(31) == ["c", "d"]
    assert needed(30) == needed(21) == ["b", "c", "d"]
    assert needed(20) == needed(0) == ["a", "b", "c", "d"]


@given(
    st.lists(
        st.builds(
            published,
            st.sampled_from("abc"),
            run=st.integers(30, 60),
            releases=st.integers(5, 9),
            contract=st.sampled_from("cd"),
        ),
        max_size=8,
    ),
    st.integers(5, 9),
)
def test_what_was_published_last_decides_alone(bodies, number):
    """Of one contract; whether it counts does not hang on what was published before."""
    last = [body for body in bodies if body.lookup.contract == "c"][-1:]

    assert chosen(MANIFEST, number, newest(on_stream(*bodies))) == chosen(MANIFEST, number, last)
    told = live_lookups(MANIFEST, number, on_stream(*bodies))["habits"]
    assert told.lookup == (chosen(MANIFEST, number, last).get("habits") or published("own")).lookup


class Counting(MemoryLedger):
    """Counts the facts that are read."""

    read_so_far = 0

    def read(self, stream, since=0):
        found = super().read(stream, since)
        self.read_so_far += len(found)
        return found


def publishing(ledger, *every):
    for one in every:
        append_next(ledger, live_stream("winback", "prod"), one)


MANY = [published(str(n), run=n, parameter=f"p{n % 3}", contract=f"c{n % 2}") for n in range(40)]


@given(asked=st.lists(st.integers(0, 40), max_size=12))
def test_what_is_followed_is_at_each_position_what_reading_all_of_it_gives(asked):
    ledger = MemoryLedger()
    publishing(ledger, *MANY)
    followed = Publications(ledger, "winback", "prod")

    for until in asked:
        facts = publications(ledger, "winback", "prod")[:until]
        assert set(followed.newest(until)) == set(newest(facts))


def test_what_was_published_is_read_once_however_often_it_is_asked():
    ledger = Counting()
    publishing(ledger, *MANY)
    followed = Publications(ledger, "winback", "prod")
    followed.newest(40)

    for n in range(5):
        publishing(ledger, published(f"new {n}"))
        followed.newest(41 + n)
        followed.newest(41 + n)

    assert ledger.read_so_far == 45
