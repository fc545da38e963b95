"""Small projects, written as text, for the tests of the archive, the loader and the reach."""

from pathlib import Path
from textwrap import dedent

from fullcycle.code import Archive

TOML = """\
[project]
package = "shop"

[environments.dev]
warehouses.warehouse = "duckdb:///shop.duckdb"
"""


def brief(metric: str) -> str:
    """A brief that names a metric of the flow."""
    return f"""\
---
problem: Clients leave.
owner: growth@example.com
tier: low
metric: {metric}
estimate:
  effect: 0.01 to 0.03 visits per client
  reach: 500_000 clients per year
  worth: 0.80 USD per visit
---
"""


def archive(**files: str) -> Archive:
    """An archive of package ``shop``; ``library__money`` names the file ``library/money.py``."""
    return of({name.replace("__", "/") + ".py": text for name, text in files.items()})


def of(files: dict[str, str]) -> Archive:
    """An archive of package ``shop`` of the files as given; indentation is taken off."""
    return Archive("shop", {path: dedent(text).encode() for path, text in files.items()})


def write(root: Path, files: dict[str, str]) -> Path:
    """Write files below ``root`` and return it."""
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(dedent(text))
    return root
