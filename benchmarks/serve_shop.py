"""The service that all servers are measured by: one row in, one prediction of LightGBM out."""

import csv
import sys
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

TESTS = Path(__file__).resolve().parent.parent / "tests"
sys.path.insert(0, str(TESTS))

import served_shop  # noqa: E402 - the shop of the tests
from fullcycle.record import Artifacts  # noqa: E402
from fullcycle.release import PinnedModel  # noqa: E402
from fullcycle.wiring.project import Project, open_project  # noqa: E402

ZIP_CODES = ("Urban", "Surburban", "Rural")
CAMPAIGNS = ("Mens E-Mail", "Womens E-Mail", "No E-Mail")
SERVICE = """
import fullcycle as fc

from shop.winback.rows import Campaign, Client, Traits, traits


class Scored(fc.Row):
    campaign: Campaign
    score: float


@fc.service
def mens(client: Client, visit: fc.Model[Traits]) -> Scored:
    return Scored("Mens E-Mail", visit.predict(traits(client, "Mens E-Mail")))


@fc.service
def mens_again(client: Client, visit: fc.Model[Traits]) -> Scored:
    return Scored("Mens E-Mail", visit.predict(traits(client, "Mens E-Mail")))
"""
ARMS = {"mens": "winback.service:mens", "again": "winback.service:mens_again"}
TOML = '[project]\npackage = "shop"\n[environments.prod]\n'


def lay_out(folder: Path) -> Project:
    """A project in ``folder/shop`` whose service is released and deployed; both arms do the same work."""
    shop = served_shop.write_shop(folder, service=SERVICE)
    (shop / "fullcycle.toml").write_text(TOML)
    (shop / "winback" / "brief.md").touch()
    project = open_project(shop)
    kept = Artifacts(project.objects, served_shop.training_codecs()).keep(served_shop.booster())
    visit = PinnedModel(artifact=kept, features="winback.rows:traits", step="visit")
    changes: dict[str, Any] = {
        "service": ARMS["mens"],
        "fallback": None,
        "models": {"visit": visit},
        "values": {},
        "experiment": served_shop.trial(ARMS),
    }
    digest = served_shop.release(project.objects, shop, **changes)
    served_shop.deployed(project.ledger, served_shop.made(project.ledger, digest))
    return project


def hand_out(folder: Path) -> None:
    """The model, and the rows that it was trained on, for others."""
    served_shop.booster().save_model(folder / "model.txt")
    x, y = served_shop.training()
    with (folder / "training.csv").open("w", newline="") as out:
        table = csv.writer(out)
        table.writerow(["recency", "history", "zip_code", "newbie", "campaign", "visit"])
        for (recency, history, zip_code, newbie, campaign), visit in zip(x, y, strict=True):
            names = ZIP_CODES[int(zip_code)], int(newbie), CAMPAIGNS[int(campaign)]
            table.writerow([int(recency), repr(float(history)), *names, int(visit)])


def clients() -> Iterator[dict[str, Any]]:
    """Rows of as many clients as are asked about."""
    return ({**served_shop.REQUESTS[n % 3], "client_id": n} for n in count())
