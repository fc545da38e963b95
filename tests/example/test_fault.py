"""The example's fault.py: broken once, mended to the cent."""

from datetime import date
from pathlib import Path

import duckdb
import pytest

from shop_scripts import script

fault = script("fault")
HISTORY = "select client_id, channel, history from crm.clients order by client_id"


@pytest.fixture
def warehouse(tmp_path: Path) -> Path:
    path = tmp_path / "warehouse.duckdb"
    script("load").load(path, date(2026, 11, 21))
    return path


def history(warehouse: Path) -> list[tuple[int, str, float]]:
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        return connection.execute(HISTORY).fetchall()


def test_the_web_channel_arrives_in_cents_and_the_others_do_not(warehouse: Path) -> None:
    before = history(warehouse)

    fault.plant(warehouse)

    for (_, channel, dollars), (_, _, now) in zip(before, history(warehouse), strict=True):
        assert now == (round(dollars * 100) if channel == "Web" else dollars)


def test_mending_brings_back_every_value_bit_for_bit(warehouse: Path) -> None:
    before = history(warehouse)

    fault.plant(warehouse)
    fault.mend(warehouse)

    assert history(warehouse) == before


def test_planting_or_mending_twice_is_planting_or_mending_once(warehouse: Path) -> None:
    fault.plant(warehouse)
    broken = history(warehouse)

    assert "already in cents" in fault.plant(warehouse)
    assert history(warehouse) == broken
    fault.mend(warehouse)
    assert "already in dollars" in fault.mend(warehouse)
