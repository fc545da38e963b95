"""fullcycle.record.pickled: a project's own objects, by their names within the project."""

import subprocess
import sys
from collections import Counter

import pytest

from fullcycle.code import Archive, load
from fullcycle.kernel import Damaged, Invalid
from fullcycle.record import PickleCodec

PLANS = b"""
import enum
from collections import namedtuple

class Kind(enum.Enum):
    MAIL = 1

class Plan:
    class Step:
        def __eq__(self, other):
            return type(self) is type(other)
    def __init__(self, **told):
        self.__dict__.update(told)
    def __eq__(self, other):
        return type(self) is type(other) and vars(self) == vars(other)
    def total(self):
        return sum(self.parts)

Pair = namedtuple("Pair", "a b")

def double(x):
    return 2 * x

def made():
    return Plan(parts=[1, 2], kind=Kind.MAIL, step=Plan.Step(), pair=Pair(1, "a"), call=double, plan=Plan)

def unnamed():
    return lambda: 1
"""
FILES = {"__init__.py": b"", "library/__init__.py": b"", "library/plans.py": PLANS}


def modules(**more: bytes):
    return load(Archive("shop", {**FILES, **{f"{name}.py": text for name, text in more.items()}}))


def test_objects_of_the_project_come_back_with_their_classes_of_the_archive():
    loaded = modules()
    codec = PickleCodec(loaded)
    plan = loaded.module("library.plans").made()
    back = codec.decode(codec.encode(plan))

    assert back == plan
    assert type(back) is type(plan)
    assert back.call(2) == 4
    assert codec.decode(codec.encode(plan.total))() == 3


def test_another_archive_reads_them_as_its_own():
    one, other = modules(), modules(new=b"")
    back = PickleCodec(other).decode(PickleCodec(one).encode(one.module("library.plans").made()))

    assert type(back) is other.module("library.plans").Plan
    assert type(back) is not one.module("library.plans").Plan


def test_the_bytes_do_not_change_with_the_archive_nor_with_being_read():
    one, other = modules(), modules(new=b"")
    data = PickleCodec(one).encode(one.module("library.plans").made())

    assert data == PickleCodec(other).encode(other.module("library.plans").made())
    assert data == PickleCodec(one).encode(PickleCodec(one).decode(data))


def test_another_process_reads_them(tmp_path):
    loaded = modules()
    codec = PickleCodec(loaded)
    (tmp_path / "plan").write_bytes(codec.encode(loaded.module("library.plans").made()))
    (tmp_path / "archive").write_bytes(loaded.archive.to_bytes())
    script = """
import sys, pathlib
from fullcycle.code import Archive, load
from fullcycle.record import PickleCodec
folder = pathlib.Path(sys.argv[1])
loaded = load(Archive.from_bytes((folder / "archive").read_bytes()))
print(PickleCodec(loaded).decode((folder / "plan").read_bytes()).total())
"""
    ran = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)], capture_output=True, text=True, check=True
    )

    assert ran.stdout == "3\n"


def test_what_is_not_the_projects_needs_no_archive():
    assert PickleCodec().decode(PickleCodec().encode(Counter("abca"))) == Counter("abca")


def test_it_is_never_chosen_for_a_value():
    assert not PickleCodec().matches(Counter())


@pytest.mark.parametrize("name", ["unnamed", "generator"])
def test_what_cannot_be_pickled_is_refused(name):
    loaded = modules()
    value = loaded.module("library.plans").unnamed() if name == "unnamed" else (x for x in ())

    with pytest.raises(Invalid, match="cannot be pickled"):
        PickleCodec(loaded).encode(value)


def test_without_its_project_it_says_to_read_it_through_its_run():
    loaded = modules()
    data = PickleCodec(loaded).encode(loaded.module("library.plans").made())

    with pytest.raises(Damaged, match=r"needs library\.plans\..* of the project: read it through its run"):
        PickleCodec().decode(data)
