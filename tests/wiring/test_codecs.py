"""fullcycle.wiring.codecs through runs: what a project declares, what it pickles, what is imported."""

import subprocess
import sys

import duckdb
import pytest

import fullcycle as fc
from fullcycle.cli import fullcycle
from fullcycle.cli.group import status_of
from fullcycle.kernel import Invalid
from fullcycle.wiring.predictors import serving_codecs
from small_projects import TOML, brief, write

BRIEF = brief("visited")
CRM = """\
from datetime import datetime
from typing import Annotated

import fullcycle as fc


class Visit(fc.Row):
    client_id: Annotated[int, fc.key]
    at: Annotated[datetime, fc.time]


@fc.source(Visit)
def visits(warehouse: fc.Warehouse) -> fc.Query:
    return warehouse.sql("select 1 as client_id, timestamp '2026-01-02' as at")
"""
RATES = """\
import fullcycle as fc


class Rates:
    def __init__(self, *values):
        self.values = values


class Table:
    def __init__(self, rates):
        self.rates = rates


def written(rates):
    return SEPARATOR.join(map(str, rates.values)).encode()


def read(data):
    return Rates(*map(float, data.decode().split(SEPARATOR)))


SEPARATOR = ","
rates_codec = fc.codec(Rates, suffix=".rates", write=written, read=read)
"""
FLOW = """\
import fullcycle as fc
import polars as pl

from shop.library import crm
from shop.library.rates import Rates, Table

visits = crm.visits
visited = fc.proportion(crm.visits, within="14d")


@fc.step
def rates(visits: pl.DataFrame) -> Rates:
    return Rates(0.5, 2.0)


@fc.step
def table(rates: Rates) -> fc.Pickled[Table]:
    return Table(list(rates.values))


@fc.step
def total(table: Table, rates: Rates) -> float:
    return sum(table.rates) + sum(rates.values)


@fc.step
def lazily(visits: pl.DataFrame) -> pl.LazyFrame:
    return visits.lazy().select("client_id")


@fc.step
def height(lazily: pl.LazyFrame) -> int:
    return lazily.collect().height
"""


@pytest.fixture
def shop(tmp_path, monkeypatch):
    files = {"fullcycle.toml": TOML, "winback/brief.md": BRIEF, "winback/flow.py": FLOW}
    duckdb.connect(str(tmp_path / "shop.duckdb")).close()
    write(tmp_path, {**files, "library/crm.py": CRM, "library/rates.py": RATES})
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(message: str) -> fc.Run:
    assert status_of(fullcycle, ["run", "winback", "-m", message]) == 0
    return fc.open("winback", fc.Capability).run(message)


def codec_of(run: fc.Run, step: str) -> str:
    return run.record.steps[step].artifact.codec


def test_a_declared_type_and_a_pickled_one_go_from_step_to_step_and_to_a_notebook(shop):
    done = run("first")

    assert done["total"] == 5.0
    assert done["height"] == 1
    assert done["rates"].values == (0.5, 2.0)
    assert done["table"].rates == [0.5, 2.0]
    assert all(done.record.steps[name].reused for name in ("rates", "table", "total", "lazily", "height"))


def test_the_record_says_what_stored_what(shop):
    done = run("first")

    where, _, code = codec_of(done, "rates").partition("@")
    assert where == "library.rates:rates_codec"
    assert len(code) == 12
    assert codec_of(done, "table") == "pickle@1"
    assert codec_of(done, "lazily") == "lazyframe@1"


def test_another_process_reads_both_from_the_archive(shop):
    run("first")
    script = (
        "import fullcycle as fc\n"
        "run = fc.open('winback@1', fc.Run)\n"
        "print(run['rates'].values, run['table'].rates)"
    )
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert ran.stdout == "(0.5, 2.0) [0.5, 2.0]\n"


def test_a_figure_is_asked_for_as_the_picture_that_is_kept_of_it(shop):
    flow = """\
import fullcycle as fc
import polars as pl
from matplotlib.figure import Figure

from shop.library import crm

visits = crm.visits
visited = fc.proportion(crm.visits, within="14d")


@fc.step
def curve(visits: pl.DataFrame) -> Figure:
    figure = Figure()
    figure.add_subplot().plot([0, visits.height])
    return figure


@fc.step
def size(curve: fc.Picture) -> int:
    return len(curve.svg)
"""
    (shop / "winback" / "flow.py").write_text(flow)
    assert run("drawn")["size"] > 1000

    (shop / "winback" / "flow.py").write_text(flow.replace("curve: fc.Picture", "curve: Figure"))
    with pytest.raises(Invalid, match="size asks for curve: Figure, but curve gives Picture"):
        fc.open("winback", fc.Capability).run("asked as a figure")


def test_a_type_that_nobody_declared_is_refused_with_the_three_ways_out(shop, capsys):
    (shop / "library" / "rates.py").write_text(RATES.replace("rates_codec = fc", "# fc"))

    assert status_of(fullcycle, ["run", "winback", "-m", "undeclared"]) == 1  # a step failed
    said = capsys.readouterr().err
    assert "step rates of winback@1 failed: what was returned is a shop.library.rates.Rates" in said
    for way in ("fc.codec(Type", "return numbers, text", "fc.Pickled[Type]"):
        assert way in " ".join(said.split())


def test_reading_a_flow_and_reusing_its_steps_imports_no_library_that_it_does_not_use(shop):
    run("first")
    script = (
        "import sys\n"
        "from fullcycle.cli import main\n"
        "sys.argv = ['fullcycle', 'run', 'winback', '-m', 'again']\n"
        "try: main()\n"
        "except SystemExit as end: assert not end.code, end.code\n"
        "print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    )
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    imported = set(ran.stdout.splitlines()[-1].split())

    vendors = {"pandas", "pyarrow", "sklearn", "skops", "xgboost", "lightgbm", "altair", "matplotlib"}
    assert not vendors & imported


def test_a_service_loads_no_pickle():
    with pytest.raises(Invalid, match=r"stored as a pickle(.|\n)*a service loads none"):
        serving_codecs().named("pickle@1")


def test_a_service_reads_no_estimator_but_the_form_that_it_was_released_in():
    with pytest.raises(Invalid, match=r"no estimator as scikit-learn's library has it(.|\n)*release the run"):
        serving_codecs().named("sklearn-skops@1")


@pytest.mark.parametrize(
    "name", ["lightgbm-text@1", "xgboost-ubj@1", "onnx@1", "linear@1", "trees@1", "trees@2"]
)
def test_a_service_reads_each_kind_of_model(name):
    assert serving_codecs().named(name).name == name


def test_an_old_run_is_read_by_the_code_that_wrote_it(shop):
    old = run("first")
    text = RATES.replace('SEPARATOR = ","', 'SEPARATOR = ";"')
    (shop / "library" / "rates.py").write_text(text)
    new = run("second")

    assert codec_of(new, "rates") != codec_of(old, "rates")
    assert old["rates"].values == new["rates"].values == (0.5, 2.0)


def test_a_step_that_asks_for_a_pickle_now_is_computed_again(shop):
    flow = shop / "winback" / "flow.py"
    flow.write_text(
        flow.read_text() + "\n\n@fc.step\ndef plain(visits: pl.DataFrame) -> list[int]:\n    return [1]\n"
    )
    first = codec_of(run("plain"), "plain")
    flow.write_text(flow.read_text().replace("list[int]", "fc.Pickled[list[int]]"))
    second, third = run("pickled"), run("again")

    assert (first, codec_of(second, "plain"), codec_of(third, "plain")) == ("json@1", "pickle@1", "pickle@1")
    assert third.record.steps["plain"].reused
