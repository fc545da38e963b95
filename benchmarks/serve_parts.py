"""The parts of a request, each as a call to be timed: see ``serve.py parts``."""

import math
import tempfile
from collections.abc import Callable, Iterator
from itertools import count, cycle
from pathlib import Path

import lightgbm as lgb
import numpy as np

import fullcycle as fc
from fullcycle.adapters.lightgbm_native import NativeBooster
from fullcycle.adapters.segment_writer import SegmentWriter
from fullcycle.feature.encoding import compile_encoder
from fullcycle.kernel import now, uuid7
from fullcycle.record import Decision, encode_decision
from fullcycle.serve.guard import Guard
from fullcycle.serve.metrics import Meter
from fullcycle.serve.reading import HeaderReader

Part = tuple[str, Callable[[], object], int, int]
"""A name, what is done, how often it is done at a time, and of how many that is."""

BATCHES = (16, 256)
MODELS = ((60, 8, 5), (500, 31, 10))  # trees, leaves of each, features
HEADERS = [
    (b"host", b"127.0.0.1:8765"),
    (b"user-agent", b"python-httpx/0.28.1"),
    (b"accept", b"*/*"),
    (b"accept-encoding", b"gzip, deflate"),
    (b"connection", b"keep-alive"),
    (b"content-type", b"application/json"),
    (b"content-length", b"94"),
]


class Client(fc.Row):
    """What ten features are computed of."""

    recency: int
    history: float
    orders: int
    age: int
    newbie: bool
    visits: int
    basket: float


class Traits(fc.Row):
    """Ten of them."""

    recency: int
    log_history: float
    per_order: float
    loyal: bool
    young: bool
    visits: int
    eager: float
    basket: float
    large: bool
    mixed: float


@fc.features
def traits(client: Client) -> Traits:
    """Ten expressions of the usual kinds."""
    return Traits(
        recency=client.recency,
        log_history=math.log1p(client.history),
        per_order=client.history / max(client.orders, 1),
        loyal=client.orders > 3 and not client.newbie,
        young=client.age < 30,
        visits=client.visits,
        eager=client.visits / (client.recency + 1),
        basket=client.basket,
        large=client.basket > 2 * client.history,
        mixed=client.basket * 0.3 + client.recency * 0.7,
    )


def parts() -> Iterator[Part]:
    """Every part, in the order of a request."""
    yield from _around()
    client, encode = Client(3, 120.5, 4, 41, False, 9, 33.2), compile_encoder(Traits)
    yield "ten features of one row, encoded for a model", lambda: encode(traits(client)), 20_000, 1
    for trees, leaves, width in MODELS:
        yield from _model(trees, leaves, width)
    yield from _log()


def _around() -> Iterator[Part]:
    guard, reader, meter = Guard(), HeaderReader(replay=False, limit=1 << 20), Meter()

    def around() -> None:
        guard.admit("decide", HEADERS)
        reader.read(HEADERS)
        meter.decided("winback@v3", "chosen", 40, fallback=False)
        meter.requested("/winback", "winback@v3", 200)

    yield "guard, headers and metrics of one request", around, 20_000, 1
    yield "its id", uuid7, 20_000, 1


def _model(trees: int, leaves: int, width: int) -> Iterator[Part]:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(10_000, width))
    y = (x[:, 0] + x[:, 1] * x[:, 2] + rng.normal(size=10_000) > 0).astype(float)
    settings = {"objective": "binary", "num_leaves": leaves, "num_threads": 1, "verbose": -1}
    model = NativeBooster(lgb.train(settings, lgb.Dataset(x, y), trees).model_to_string().encode())
    rows = [[float(value) for value in row] for row in x[:1024]]
    one = cycle(rows)
    name = f"LightGBM, {trees} trees of {leaves} leaves, {width} features"
    yield f"{name}: one row", lambda: model.score(next(one)), 3_000, 1
    for size in BATCHES:
        many = cycle([rows[at : at + size] for at in range(0, len(rows), size)])
        yield f"{name}: of {size} at once", lambda many=many: model.scores(next(many)), 6_000 // size, size


def _log() -> Iterator[Part]:
    with tempfile.TemporaryDirectory(prefix="fullcycle-parts-") as folder:
        writer, numbers = SegmentWriter(Path(folder)), count()
        yield "decision log: encoded and written", lambda: writer.append(_decision(next(numbers))), 5_000, 1
        writer.close()


def _decision(number: int) -> bytes:
    return encode_decision(
        Decision(
            id=f"client-{number}",
            at=now(),
            capability="winback",
            environment="prod",
            release=3,
            request={"client_id": 7, "recency": 3, "history": 12.5, "zip_code": "Urban", "newbie": True},
            answer={"campaign": "Mens E-Mail"},
            experiment="trial",
            unit="7",
            arm="chosen",
            arm_probability=0.5,
            micros=40,
        )
    )
