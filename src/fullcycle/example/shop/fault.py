"""Break the warehouse on purpose, as warehouses break: one channel's dollars arrive as cents.

``python fault.py plant`` and ``fullcycle check winback`` rings; ``python fault.py mend`` and all is well.
Either may be repeated: what is broken is not broken twice.
"""

import sys
from pathlib import Path

import duckdb

HERE = Path(__file__).resolve().parent

IN_CENTS = """
select median(history) filter (channel = 'Web') > 10 * median(history) filter (channel <> 'Web')
from crm.clients
"""
PLANT = "update crm.clients set history = round(history * 100) where channel = 'Web'"
MEND = "update crm.clients set history = history / 100 where channel = 'Web'"


def plant(warehouse: Path) -> str:
    """Tell the history of the clients of the Web channel in cents."""
    return _turn(warehouse, broken=True)


def mend(warehouse: Path) -> str:
    """Tell it in dollars again, each to the cent what it was."""
    return _turn(warehouse, broken=False)


def _turn(warehouse: Path, *, broken: bool) -> str:
    unit = "cents" if broken else "dollars"
    with duckdb.connect(str(warehouse)) as connection:
        already = connection.execute(IN_CENTS).fetchone() == (broken,)
        if not already:
            connection.execute(PLANT if broken else MEND)
    return f"crm.clients: the Web channel's history is {'already' if already else 'now'} in {unit}"


if __name__ == "__main__":
    actions = {"plant": plant, "mend": mend}
    if sys.argv[1:] not in (["plant"], ["mend"]):
        sys.exit("usage: python fault.py plant | mend")
    warehouse = HERE / "warehouse.duckdb"
    if not warehouse.exists():
        sys.exit("there is no warehouse.duckdb yet: python load.py")
    print(actions[sys.argv[1]](warehouse))
