"""fullcycle.kernel.lazy: a name loads its module when it is first used."""

import subprocess
import sys

import pytest

from fullcycle.kernel import later, lazily


def test_a_name_is_loaded_from_its_module():
    load, names = lazily("fullcycle.kernel", {"Money": ".money", "Interval": ".money"})

    assert names == ["Interval", "Money"]
    assert load("Money").__qualname__ == "Money"


def test_another_name_is_no_attribute():
    load, _ = lazily("fullcycle.kernel", {})

    with pytest.raises(AttributeError, match=r"module 'fullcycle\.kernel' has no attribute 'Mony'"):
        load("Mony")


LIGHT = [
    "fullcycle.kernel",
    "fullcycle.record",
    "fullcycle.adapters.sqlite",
    "fullcycle.adapters.lookups",
    "fullcycle.adapters.files",
    "fullcycle.adapters.segments",
]


def test_what_serves_imports_nothing_heavy():
    program = (
        f"import sys, {', '.join(LIGHT)}\nprint(*sorted({{name.partition('.')[0] for name in sys.modules}}))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert not {"polars", "numpy", "duckdb", "scipy", "psycopg", "lightgbm", "click"} & set(
        done.stdout.split()
    )


def test_a_module_that_is_for_later_is_imported_when_something_of_it_is_used():
    program = (
        "import sys; from fullcycle.kernel import later\n"
        "late = later('colorsys'); print('colorsys' in sys.modules)\n"
        "late.ONE_THIRD; found = sys.modules['colorsys']\n"
        "print('colorsys' in sys.modules, late.rgb_to_hls is found.rgb_to_hls)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert done.stdout.split() == ["False", "True", "True"]


def test_a_module_for_later_that_has_no_such_name_says_so():
    with pytest.raises(AttributeError, match=r"'math' has no attribute 'tau_'"):
        later("math").tau_
