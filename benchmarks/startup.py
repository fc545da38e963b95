"""CPU that starting costs, above a bare interpreter: ``import fullcycle`` and ``fullcycle --help``.

Each is started 15 times, in turns with the bare interpreter so that both see the same machine; the
median counts. CPU is user and system time of the child process.
"""

import os
import subprocess
import sys
from statistics import median

TIMES = 15
BARE = "pass"
HELP = "import sys; sys.argv = ['fullcycle', '--help']; from fullcycle.cli import main; main()"
CASES = {"import fullcycle": "import fullcycle", "fullcycle --help": HELP}


def cpu(code: str) -> float:
    """Seconds of CPU that a new interpreter takes to run ``code``."""
    before = os.times()
    subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL)
    after = os.times()
    return (after.children_user - before.children_user) + (after.children_system - before.children_system)


def main() -> None:
    """Print one line per case."""
    for code in (BARE, *CASES.values()):
        cpu(code)  # once for the page cache and the byte code
    for name, code in CASES.items():
        pairs = [(cpu(code), cpu(BARE)) for _ in range(TIMES)]
        with_it, without = (median(values) for values in zip(*pairs, strict=True))
        print(f"{name:<18} {with_it - without:.3f} s above {without:.3f} s bare")


if __name__ == "__main__":
    main()
