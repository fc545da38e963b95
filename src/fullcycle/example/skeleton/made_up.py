"""Make up the table that flow.py reads, to begin with.

Run it once: ``python skeleton/made_up.py``. Delete it when your own data is there.
"""

from pathlib import Path

import duckdb

WAREHOUSE = Path(__file__).resolve().parents[1] / "warehouse.duckdb"

TABLE = """
create table if not exists skeleton_examples as
with drawn as (
    select i as id, timestamp '2025-01-01' + interval 1 hour * i as asked_at,
           hash(i, 'amount') % 10000 / 100.0 as amount,
           if(hash(i, 'kind') % 2 = 0, 'new', 'known') as kind
    from range(4000) as cases(i)
)
select *, if(hash(id, 'happens') % 200 < amount + if(kind = 'new', 60, 0), asked_at + interval 3 days, null)
          as happened_at
from drawn
"""

if __name__ == "__main__":
    with duckdb.connect(str(WAREHOUSE)) as warehouse:
        warehouse.execute(TABLE)
        print(f"skeleton_examples {len(warehouse.table('skeleton_examples')):,} rows")
