"""fullcycle.adapters.shared_page: what one process writes there, the others read."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from fullcycle.adapters.shared_page import COUNTERS, SLOTS, SharedPage
from fullcycle.kernel import Damaged

WORKER = """
import sys
from pathlib import Path
from fullcycle.adapters.shared_page import SharedPage
page = SharedPage(Path(sys.argv[1]))
slot = page.slot(3)
slot.take(77)
for _ in range(5):
    slot.begin()
slot.end()
slot.beat()
slot.counters[10] += 9
slot.connections, slot.accepts = 2, True
print(page.generation)
"""


def test_what_one_process_writes_another_reads(tmp_path):
    page = SharedPage(tmp_path / "page")
    page.generation = 2**40

    done = subprocess.run(
        [sys.executable, "-c", WORKER, str(tmp_path / "page")], capture_output=True, text=True, check=True
    )
    slot = page.slot(3)

    assert done.stdout.split() == [str(2**40)]
    assert (slot.pid, slot.in_flight, slot.beats, slot.connections, slot.accepts) == (77, 4, 1, 2, True)
    assert slot.counters[10] == 9


def test_the_next_worker_of_a_slot_goes_on_counting_and_has_nothing_in_flight(tmp_path):
    slot = SharedPage(tmp_path / "page").slot(0)
    slot.take(1)
    slot.begin()
    slot.counters[0] += 5
    slot.take(2)

    assert (slot.pid, slot.in_flight, slot.counters[0]) == (2, 0, 5)
    slot.leave()
    assert slot.pid == 0


def test_slots_do_not_overlap_with_each_other_or_with_the_word(tmp_path):
    page = SharedPage(tmp_path / "page")
    for number, slot in enumerate(page.slots()):
        slot.take(number + 1)
        slot.counters[0], slot.counters[COUNTERS - 1] = number, number

    assert page.generation == 0
    found = [(slot.pid, slot.counters[0], slot.counters[COUNTERS - 1]) for slot in page.slots()]
    assert found == [(n + 1, n, n) for n in range(SLOTS)]


def test_what_is_never_written_takes_no_room(tmp_path):
    page = SharedPage(tmp_path / "page")
    page.slot(0).take(1)

    assert os.stat(tmp_path / "page").st_blocks * 512 <= 64 * 1024


def test_a_file_that_is_no_page_is_told(tmp_path):
    (tmp_path / "page").write_bytes(b"something else")

    with pytest.raises(Damaged, match="not a page of this version") as caught:
        SharedPage(tmp_path / "page")
    assert "remove the file" in caught.value.mend


@pytest.mark.skipif(not Path("/proc/self/smaps").exists(), reason="Linux alone tells what is resident")
def test_a_look_at_each_slot_brings_no_more_than_that_into_memory(tmp_path):
    page = SharedPage(tmp_path / "page")

    page.fewest_connections(but=0)

    _, _, mapping = Path("/proc/self/smaps").read_text().partition(str(tmp_path / "page"))
    resident = int(mapping.partition("Rss:")[2].split()[0])  # kB
    assert resident < 1_000
