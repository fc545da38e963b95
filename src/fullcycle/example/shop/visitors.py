"""Visit the running service of banner for a day, and click some time after: a made-up world.

``python visitors.py 1`` sends the visits of the first day, one request each, and posts the clicks to
``/events/clicks``. Every day has its own visits, the same whoever sends them: sent again they change
nothing. Day 1 is a fortnight ago. Each visit is dated, and each click comes when it happened, some minutes
later: so all hours for which a click counts are over, and none came too late.

In this world a visit is on a phone or not (half of them) and in the evening or not (two in five). Two in five
are of known clients; what they did before tells nothing of what they click, which the bandit has to find out.
In 100 visits a banner is clicked so often:

=========  =======  =====  =======
banner     desktop  phone  evening
=========  =======  =====  =======
``sale``   3.0      −1.0   +0.0
``new``    1.5      +2.5   +0.0
``brand``  1.5      −0.5   +3.5
=========  =======  =====  =======

So the sale is best on a desktop by day, what is new on a phone by day, and the brand in the evening. Nobody
tells the service. Clicks come after 6 minutes on average (exponential): by then others have decided already,
and one in 20,000 comes after more than an hour and does not count.

What is printed is the *regret*: the clicks that the best banners would have had more, on average. What it is
not: a forecast of anything, or a likeness of people, who differ more and change their minds.
"""

import argparse
import http.client
import json
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from urllib.parse import urlsplit

VISITS = 6_000  # a day
THREADS = 4
MINUTES = 6.0  # until a click, on average
CHANCES = {"sale": (3.0, -1.0, 0.0), "new": (1.5, 2.5, 0.0), "brand": (1.5, -0.5, 3.5)}
CLIENTS = 64_000


@dataclass(frozen=True, slots=True)
class Visit:
    """One visit: what is asked, when, and how easily this visitor clicks, a number in [0, 1)."""

    id: str
    at: datetime
    request: dict[str, Any]
    ease: float
    delay: timedelta

    def chance(self, banner: str) -> float:
        """How likely a banner is clicked."""
        base, phone, evening = CHANCES[banner]
        on_phone, late = self.request["device"] == "phone", self.request["hour"] >= 18
        return float(base + phone * on_phone + evening * late) / 100

    @property
    def best(self) -> str:
        """The banner that is clicked most."""
        return max(CHANCES, key=self.chance)


@dataclass(frozen=True, slots=True)
class Day:
    """What came of a day; ``regret`` in clicks, on average."""

    visits: int
    clicks: int
    best: float
    regret: float

    def __str__(self) -> str:
        share = 100 * self.regret / self.visits
        most = f"the best banners would have had {self.best:,.0f}"
        return (
            f"{self.visits:,} visits, {self.clicks:,} clicks; {most}: "
            f"regret {self.regret:.1f}, {share:.2f} in 100 visits"
        )


def visits(day: int, count: int = VISITS, *, today: datetime | None = None) -> Iterator[Visit]:
    """The visits of a day, the first ``count``; day 1 is a fortnight before ``today``."""
    now = datetime.now(UTC) if today is None else today
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=day - 15)
    for number in range(count):
        random = Random(f"visits/{day}/{number}")
        hour = random.randrange(18, 24) if random.random() < 0.4 else random.randrange(18)
        known = random.random() < 0.4
        yield Visit(
            id=f"visit-{day}-{number}",
            at=midnight + timedelta(hours=hour, seconds=random.randrange(3600)),
            request={
                "visitor_id": f"v{random.randrange(10**9)}",
                "client_id": random.randrange(1, CLIENTS + 1) if known else None,
                "device": random.choice(["phone", "desktop"]),
                "hour": hour,
            },
            ease=random.random(),
            delay=timedelta(minutes=random.expovariate(1 / MINUTES)),
        )


class Service:
    """The running service, over one connection that stays open."""

    def __init__(self, url: str) -> None:
        address = urlsplit(url)
        self._path = address.path.rstrip("/")
        self._connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=30)

    def show(self, visit: Visit) -> str:
        """Ask which banner to show."""
        headers = {"Idempotency-Key": visit.id, "Replay-At": _told(visit.at)}
        banner: str = self._post(self._path, visit.request, headers)["answer"]["banner"]
        return banner

    def click(self, visit: Visit) -> None:
        """Post the click that followed a visit, at the time when it happened."""
        at = _told(visit.at + visit.delay)
        click = {"decision_id": visit.id, "at": at}
        self._post("/events/clicks", click, {"Idempotency-Key": f"click-{visit.id}", "Replay-At": at})

    def close(self) -> None:
        """Hang up."""
        self._connection.close()

    def _post(self, path: str, body: Any, headers: dict[str, str]) -> Any:
        data = json.dumps(body).encode()
        self._connection.request("POST", path, data, {"Content-Type": "application/json", **headers})
        answer = self._connection.getresponse()
        said = answer.read()
        if answer.status != 200:
            raise RuntimeError(f"the service answers {answer.status} to {path}: {said.decode()[:500]}")
        return json.loads(said)


def _told(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def live(url: str, day: int, count: int = VISITS) -> Day:
    """Send the visits of a day, and post the clicks that followed."""
    every = list(visits(day, count))

    def some(first: int) -> list[tuple[Visit, str]]:
        service = Service(url)
        try:
            return [(visit, service.show(visit)) for visit in every[first::THREADS]]
        finally:
            service.close()

    with ThreadPoolExecutor(THREADS) as pool:
        shown = [one for part in pool.map(some, range(THREADS)) for one in part]
    clicked = [visit for visit, banner in shown if visit.ease < visit.chance(banner)]
    service = Service(url)
    for visit in sorted(clicked, key=lambda visit: visit.at + visit.delay):
        service.click(visit)
    service.close()
    best = sum(visit.chance(visit.best) for visit in every)
    return Day(len(every), len(clicked), best, best - sum(visit.chance(banner) for visit, banner in shown))


def main() -> None:
    parser = argparse.ArgumentParser(description="Visit the running service of banner for a day.")
    parser.add_argument("day", type=int, choices=range(1, 14), metavar="DAY", help="from 1 to 13")
    parser.add_argument("--url", default="http://127.0.0.1:8765/banner")
    parser.add_argument("--visits", type=int, default=VISITS, help="that many only")
    options = parser.parse_args()
    try:
        print(f"day {options.day}: {live(options.url, options.day, options.visits)}")
    except OSError as error:
        sys.exit(
            f"no service answers at {options.url} ({error})\n"
            "start it in another terminal: fullcycle serve banner@prod --port 8765"
        )
    except RuntimeError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
