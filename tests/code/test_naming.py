"""fullcycle.code.naming: which texts of the code may name a file."""

import ast

import pytest

from fullcycle.code import reach
from fullcycle.code.naming import named_files
from small_projects import of


@pytest.mark.parametrize(
    ("code", "path"),
    [
        ('pl.read_csv("rates.csv")', "rates.csv"),
        ('pl.scan_parquet("data/rates.parquet").collect()', "data/rates.parquet"),
        ('pl.read_csv(source="rates.csv")', "rates.csv"),
        ('RATES = "rates.csv"', "rates.csv"),
        ('RATES: str = "rates.csv"', "rates.csv"),
        ('pl.read_csv(Path(__file__).parent / "data" / "rates.csv")', "data/rates.csv"),
        ('pl.read_csv(Path("data") / "rates.csv")', "data/rates.csv"),
        ('pl.read_csv(HERE / f(x) / "rates.csv")', "rates.csv"),
        ("""duckdb.sql("select * from read_csv('rates.csv')")""", "rates.csv"),
        ("""duckdb.sql("select * from 'data/rates.csv'")""", "data/rates.csv"),
        ('open("rates.csv")', "rates.csv"),
        ('open("rates.csv", "rb")', "rates.csv"),
        ('open(file="rates.csv", mode="r")', "rates.csv"),
        ('def f(path="rates.csv"): return pl.read_csv(path)', "rates.csv"),
        ('def f():\n    "what it is for"\n    return pl.read_csv("rates.csv")', "rates.csv"),
        ('FILES = {"rates": "my rates.csv"}', "my rates.csv"),
        ('pl.read_csv("rates.csv").write_csv("out.csv")', "rates.csv"),
    ],
)
def test_a_text_that_looks_like_a_file_is_taken(code, path):
    assert [text for _, text in named_files(ast.parse(code))] == [path]


@pytest.mark.parametrize(
    "code",
    [
        'frame.write_csv("out.csv")',
        'frame.to_parquet("out.parquet")',
        'Path("out.csv").write_text("x")',
        '(HERE / "out.csv").write_text("x")',
        'frame.sink_csv("out.csv")',
        'open("out.csv", "w")',
        'open("out.csv", mode="a+")',
        'Path("out.csv").open("w")',
        'chart.save("chart.png")',
        'fc.File("rates.csv")',
        'fc.Variable("a.b")',
        'def f():\n    "rates.csv"',
        'def f(x: "rates.csv") -> "rates.csv": ...',
        'x: "rates.csv" = 1',
        'URL = "https://example.com/rates.csv"',
        'WORDS = "a sentence. And another"',
        'PATTERN = "*.csv"',
        'WORD = "rates"',
        'LINES = "rates.csv\\nmore.csv"',
        "NUMBER = 1.5",
    ],
)
def test_what_is_written_declared_or_no_path_is_not_taken(code):
    assert list(named_files(ast.parse(code))) == []


def test_the_line_is_told():
    assert list(named_files(ast.parse('\n\nread(\n    "rates.csv"\n)'))) == [(4, "rates.csv")]


def test_of_a_project_those_texts_count_that_a_name_reaches():
    archive = of(
        {
            "flow.py": """
                from shop.library import rates
                OTHER = "other.csv"
                def f():
                    return rates.read() + len("here.csv")
            """,
            "library/rates.py": """
                PATH = "rates.csv"
                def read(): return len(PATH)
            """,
        }
    )

    found = reach(archive, "flow", "f").texts

    assert sorted({(code, text) for code, _, text in found}) == [
        ("flow.py", "here.csv"),
        ("library/rates.py", "rates.csv"),
    ]
