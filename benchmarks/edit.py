"""From saving an edited feature to the new, evaluated model: wall-clock seconds, as a user waits for them.

Lays out the example in a fresh folder, runs it once, then edits the feature set five times and runs it
again after each edit. The median counts. What the run says about each step is printed for the first.
"""

import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

TIMES = 5
FEATURE = "log_history=math.log1p(client.history)"


def fullcycle(*arguments: str, cwd: Path) -> str:
    """Run one command as a user would; give what it printed."""
    command = [sys.executable, "-m", "fullcycle.cli", *arguments]
    return subprocess.run(command, cwd=cwd, check=True, capture_output=True, text=True).stdout


def main() -> None:
    """Print the median."""
    with tempfile.TemporaryDirectory() as folder:
        fullcycle("new", "shop", "--example", "winback", cwd=Path(folder))
        shop = Path(folder) / "shop"
        subprocess.run([sys.executable, "load.py"], cwd=shop, check=True, capture_output=True)
        fullcycle("run", "winback", "-m", "before any edit", cwd=shop)
        rows = shop / "winback" / "rows.py"
        source = rows.read_text()
        assert FEATURE in source
        seconds = []
        for edit in range(1, TIMES + 1):
            rows.write_text(source.replace(FEATURE, re.sub(r"history\)", f"history + {edit}.0)", FEATURE)))
            began = time.perf_counter()
            said = fullcycle("run", "winback", "-m", f"edit {edit}", cwd=shop)
            seconds.append(time.perf_counter() - began)
            if edit == 1:
                print(said)
        print(f"edited feature → evaluated model: {median(seconds):.2f} s (median of {TIMES})")


if __name__ == "__main__":
    main()
