"""fullcycle.kernel.memory: what a process itself has held."""

import subprocess
import sys

from fullcycle.kernel import peak_memory

SMALL_CHILD = """
import subprocess, sys
from fullcycle.kernel import peak_memory
if sys.argv[1:]:
    print(peak_memory())
else:
    held = bytearray(200_000_000)
    child = subprocess.run([sys.executable, __file__, "child"], capture_output=True, text=True, check=True)
    print(peak_memory(), child.stdout)
"""


def test_what_is_allocated_counts_and_stays_counted():
    before = peak_memory()
    bytearray(before + 50_000_000)

    assert peak_memory() > before + 40_000_000


def test_a_child_does_not_count_what_its_parent_held(tmp_path):
    script = tmp_path / "child.py"
    script.write_text(SMALL_CHILD)

    told = subprocess.run([sys.executable, script], capture_output=True, text=True, check=True).stdout
    parent, child = map(int, told.split())

    assert parent > 200_000_000
    assert child < 150_000_000
