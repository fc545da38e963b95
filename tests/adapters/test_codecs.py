"""The contract of every codec of a library, and what each refuses."""

import subprocess
import sys
from datetime import date, timedelta
from decimal import Decimal

import altair as alt
import lightgbm as lgb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import xgboost as xgb
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from matplotlib.figure import Figure
from sklearn.base import BaseEstimator
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from fullcycle.adapters.altair import ChartCodec
from fullcycle.adapters.arrays import ArrayCodec
from fullcycle.adapters.arrow import ArrowBatchCodec, ArrowTableCodec
from fullcycle.adapters.lightgbm import BoosterCodec
from fullcycle.adapters.matplotlib import PictureCodec
from fullcycle.adapters.pandas import PandasFrameCodec, PandasSeriesCodec
from fullcycle.adapters.polars_lazy import LazyFrameCodec
from fullcycle.adapters.sklearn import EstimatorCodec
from fullcycle.adapters.xgboost import XGBoostCodec
from fullcycle.data import FrameCodec
from fullcycle.kernel import Damaged, Invalid
from fullcycle.record import Codec, Picture, PlainCodec
from fullcycle.testing import round_trip
from fullcycle.wiring.codecs import every_codec

RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 3))
Y = (X[:, 0] > 0).astype(int)
ROWS = pl.DataFrame({"a": [1, 2], "b": ["x", None]})


# equality, as each library means it ------------------------------------------------------------


def same_rows(one, other) -> bool:
    return one.collect().equals(other.collect())


def same_array(one, other) -> bool:
    return one.dtype == other.dtype and one.shape == other.shape and one.tobytes() == other.tobytes()


def same_pandas(one, other) -> bool:
    check = pd.testing.assert_frame_equal if isinstance(one, pd.DataFrame) else pd.testing.assert_series_equal
    check(one, other, check_exact=True, check_freq=True)
    return one.attrs == other.attrs and one.index.names == other.index.names


def same_predictions(one, other) -> bool:
    return type(one) is type(other) and (one.predict(X) == other.predict(X)).all()


def same_trees(one, other) -> bool:
    rows = xgb.DMatrix(X)
    return bool((one.predict(rows) == other.predict(rows)).all())


def same_chart(one, other) -> bool:
    return type(one) is type(other) and one.to_dict() == other.to_dict()


# values of each --------------------------------------------------------------------------------


def booster(rounds: int) -> lgb.Booster:
    options = {"objective": "binary", "verbose": -1, "num_threads": 1, "min_data_in_leaf": 5}
    return lgb.train(options, lgb.Dataset(X, Y), rounds)


def trees(rounds: int) -> xgb.Booster:
    return xgb.train({"objective": "binary:logistic", "nthread": 1}, xgb.DMatrix(X, Y), rounds)


def drawing(height: int) -> Figure:
    figure = Figure()
    figure.add_subplot().plot([0, height])
    return figure


def estimators() -> list[BaseEstimator]:
    small = {"n_estimators": 3, "n_jobs": 1}
    return [
        Ridge().fit(X, Y),
        Ridge(alpha=2).fit(X, Y),
        LogisticRegression().fit(X, Y),
        RandomForestClassifier(random_state=0, **small).fit(X, Y),
        make_pipeline(StandardScaler(), FunctionTransformer(np.tanh), Ridge()).fit(X, Y),
        lgb.LGBMClassifier(verbose=-1, min_child_samples=5, **small).fit(X, Y),
        xgb.XGBRegressor(**small).fit(X, Y),
        make_pipeline(StandardScaler(), xgb.XGBClassifier(**small)).fit(X, Y),
    ]


def arrays() -> list[np.ndarray]:
    padded = np.zeros(2, np.dtype([("a", "i1"), ("b", "f8")], align=True))
    return [
        np.array(1),
        np.array(1.0),
        np.array([1]),
        np.array([1], dtype="i4"),
        np.array([1], dtype=">i4"),
        np.array([1.0]),
        np.array([-0.0]),
        np.array([0.0]),
        np.array([np.nan]),
        np.array([True]),
        np.array(["1"]),
        np.array([b"1"]),
        np.array([[1]]),
        np.array([1j]),
        np.zeros((0, 3)),
        np.zeros((3, 0)),
        np.array(["2026-01-01"], dtype="M8[D]"),
        np.array(["2026-01-01"], dtype="M8[s]"),
        padded,
    ]


def frames() -> list[pd.DataFrame]:
    days = pd.date_range("2026-10-24", periods=2, freq="D", tz="Europe/Berlin", name="day")
    return [
        pd.DataFrame(),
        pd.DataFrame({"a": [1, 2]}),
        pd.DataFrame({"b": [1, 2]}),
        pd.DataFrame({0: [1, 2]}),
        pd.DataFrame({"a": [1, 2]}, index=[0, 1]),
        pd.DataFrame({"a": [1, 2]}, index=pd.RangeIndex(2, name="n")),
        pd.DataFrame({"a": [1, 2]}, dtype="int8"),
        pd.DataFrame({"a": [1.0, 2.0]}),
        pd.DataFrame({"a": ["1", "2"]}),
        pd.DataFrame({"a": ["1", "2"]}, dtype=object),
        pd.DataFrame({"a": ["1", "2"]}, dtype="category"),
        pd.DataFrame({"a": pd.Categorical(["1", "2"], categories=["2", "1"], ordered=True)}),
        pd.DataFrame({"a": pd.array([1, None], dtype="Int64")}),
        pd.DataFrame({"a": pd.array([1, None], dtype="int64[pyarrow]")}),
        pd.DataFrame({"a": pd.array([True, None], dtype="boolean")}),
        pd.DataFrame({"a": pd.array(["x", None], dtype="string")}),
        pd.DataFrame({"a": days, "b": days.tz_localize(None), "c": days - days[0]}, index=days),
        pd.DataFrame({"a": pd.period_range("2026-01", periods=2, freq="M")}),
        pd.DataFrame({"a": pd.interval_range(0, 2)}),
        pd.DataFrame({"a": [Decimal("1.5"), date(2026, 1, 1)], "b": [[1], None]}, dtype=object),
        pd.DataFrame({"a": [pd.NA, pd.NaT]}, dtype=object),
        pd.DataFrame([[1, 2], [3, 4]], columns=["a", "a"]),
        pd.DataFrame([[1, 2]], columns=pd.MultiIndex.from_tuples([("a", 1), ("b", 2)], names=["x", None])),
        pd.DataFrame({"a": [1, 2]}, index=pd.MultiIndex.from_tuples([("a", 1), ("b", None)])),
        pd.DataFrame({"a": [1j, 2]}),
    ]


def tables() -> list[pa.Table]:
    texts = pa.array(["x", None])
    columns = [texts, texts.cast(pa.large_string()), texts.dictionary_encode(), pa.array([[1], None])]
    columns += [pa.array([1, 2]), pa.array([1, 2], pa.int8()), pa.array([Decimal("1.50"), None])]
    columns += [pa.array([1, 2], pa.timestamp("s", "UTC")), pa.array([{"x": 1}, None]), pa.nulls(2)]
    made = [pa.table({"a": column}) for column in columns]
    return [pa.table({}), *made, made[0].rename_columns(["b"]), made[0].replace_schema_metadata({"k": "v"})]


def charts() -> list[alt.TopLevelMixin]:
    points = alt.Chart(ROWS).mark_point().encode(x="a:Q", y="b:N")
    bars = points.mark_bar()
    return [points, bars, points + bars, points | bars, points.properties(title="t"), points.facet("b:N")]


CONTRACTS = {
    "frame": (FrameCodec(), [ROWS, ROWS[:1], ROWS.select("a")], pl.DataFrame.equals),
    "lazy": (
        LazyFrameCodec(),
        [ROWS.lazy(), ROWS.lazy().head(1)],
        lambda a, b: a.collect().equals(b.collect()),
    ),
    "numpy": (ArrayCodec(), arrays(), same_array),
    "pandas": (PandasFrameCodec(), frames(), same_pandas),
    "series": (PandasSeriesCodec(), [f["a"] for f in frames() if list(f) == ["a"]], same_pandas),
    "arrow": (ArrowTableCodec(), tables(), lambda a, b: a.equals(b, check_metadata=True)),
    "batch": (
        ArrowBatchCodec(),
        [pa.record_batch({"a": [1, 2]}), pa.record_batch({"a": [1]})],
        pa.RecordBatch.equals,
    ),
    "lightgbm": (BoosterCodec(), [booster(2), booster(3)], same_predictions),
    "xgboost": (XGBoostCodec(), [trees(2), trees(3)], same_trees),
    "sklearn": (EstimatorCodec(), estimators(), same_predictions),
    "altair": (ChartCodec(), charts(), same_chart),
    "picture": (PictureCodec(), [Picture("<svg/>", b"png"), Picture("<svg/>", b"")], Picture.__eq__),
}


@pytest.mark.parametrize("name", CONTRACTS)
def test_every_codec_keeps_the_contract(name):
    codec, values, equal = CONTRACTS[name]

    round_trip(codec, *values, equal=equal, told=True)


@pytest.mark.parametrize("name", CONTRACTS)
def test_its_values_find_it_and_its_name_has_a_version(name):
    codec, values, _ = CONTRACTS[name]
    known = every_codec()

    assert {known.of(value).name for value in values} == {codec.name}
    assert known.knows(codec.name)
    assert codec.name.partition("@")[2].isdigit()
    assert codec.suffix.startswith(".")


# laws over generated values ---------------------------------------------------------------------

dtypes = hnp.scalar_dtypes() | hnp.unicode_string_dtypes(max_len=3) | hnp.byte_string_dtypes(max_len=3)
some_arrays = dtypes.flatmap(
    lambda dtype: hnp.arrays(dtype, hnp.array_shapes(min_dims=0, min_side=0, max_side=3))
)


@given(some_arrays)
def test_arrays_come_back_to_the_bit(value):
    codec = ArrayCodec()
    back = codec.decode(codec.encode(value))

    assert same_array(back, np.asarray(value))
    assert codec.content(back) == codec.content(value)


@given(some_arrays, some_arrays)
def test_arrays_with_equal_digests_are_equal(one, other):
    if ArrayCodec().content(one) == ArrayCodec().content(other):
        assert same_array(one, other)


cells = {
    "int64": st.integers(-(2**63), 2**63 - 1),
    "float64": st.floats(),
    "bool": st.booleans(),
    "object": st.none() | st.text(max_size=3) | st.integers() | st.floats(allow_nan=False) | st.dates(),
    "str": st.none() | st.text(max_size=3),
    "Int32": st.none() | st.integers(-(2**31), 2**31 - 1),
    "category": st.none() | st.sampled_from("abc"),
    "datetime64[us]": st.datetimes(),
    "timedelta64[us]": st.timedeltas(-timedelta(days=10**6), timedelta(days=10**6)),
}
labels = st.text(max_size=2) | st.integers(0, 3) | st.tuples(st.text(max_size=1), st.integers(0, 1))


@st.composite
def some_frames(draw):
    rows = draw(st.integers(0, 4))
    kinds = draw(st.lists(st.sampled_from(list(cells)), max_size=3))
    columns = [pd.Series(draw(st.lists(cells[k], min_size=rows, max_size=rows)), dtype=k) for k in kinds]
    frame = pd.DataFrame(dict(enumerate(columns)), index=range(rows))
    names = draw(st.lists(labels, min_size=len(kinds), max_size=len(kinds)))
    frame.columns = pd.Index(names, dtype=object, tupleize_cols=False)
    frame.index = pd.Index(draw(st.lists(st.integers(0, 9), min_size=rows, max_size=rows)), dtype="int64")
    return frame


@settings(deadline=None)
@given(some_frames())
def test_data_frames_come_back_as_they_were(frame):
    codec = PandasFrameCodec()
    data = codec.encode(frame)
    back = codec.decode(data)

    assert same_pandas(back, frame)
    assert codec.encode(back) == data
    assert codec.content(back, data) == codec.content(frame, data)


@given(st.lists(st.none() | st.integers(0, 9), min_size=1), st.data())
def test_chunks_and_slices_of_an_arrow_table_leave_no_trace(values, data):
    at = data.draw(st.integers(0, len(values)))
    whole = pa.table({"a": pa.array(values, pa.int64())})
    padded = pa.table({"a": pa.array([7, *values, 8], pa.int64())}).slice(1, len(values))
    chunked = pa.concat_tables([whole.slice(0, at), whole.slice(at)])
    codec = ArrowTableCodec()

    assert len({codec.content(table, codec.encode(table)) for table in (whole, padded, chunked)}) == 1
    assert codec.encode(padded) == codec.encode(chunked) == codec.encode(whole)


# examples ---------------------------------------------------------------------------------------


def test_one_and_its_likes_have_contents_of_their_own():
    known = every_codec()
    likes = [1, 1.0, True, "1", b"1", [1], (1,), {"a": 1}, np.array(1), np.array([1]), Decimal(1)]
    likes += [pl.DataFrame({"a": [1]}), pd.DataFrame({"a": [1]}), pd.Series([1]), pa.table({"a": [1]})]
    likes += [pl.LazyFrame({"a": [1]})]

    contents = {codec.content(like, codec.encode(like)) for like in likes for codec in [known.of(like)]}
    assert len(contents) == len(likes)


def test_what_is_left_over_in_memory_between_fields_leaves_no_trace():
    dtype = np.dtype([("a", "i1"), ("b", "f8")], align=True)
    dirty = np.frombuffer(b"\x01" + b"\xff" * 7 + b"\0" * 8, dtype=dtype)
    clean = np.frombuffer(b"\x01" + b"\0" * 15, dtype=dtype)

    assert ArrayCodec().encode(dirty) == ArrayCodec().encode(clean)
    assert ArrayCodec().content(dirty) == ArrayCodec().content(clean)


def test_the_order_in_memory_of_an_array_leaves_no_trace():
    rows = np.arange(6.0).reshape(2, 3)
    columns = np.asfortranarray(rows)

    assert ArrayCodec().content(rows) == ArrayCodec().content(columns)
    assert ArrayCodec().decode(ArrayCodec().encode(columns)).flags.c_contiguous


def test_a_big_array_is_mapped_and_a_step_may_write_to_its_own_copy(tmp_path):
    codec = ArrayCodec()
    value = np.arange(100_000)
    codec.write(value, tmp_path / "a.npy")
    mapped = codec.read(tmp_path / "a.npy")

    assert codec.is_small(value[:10])
    assert not codec.is_small(value)
    assert same_array(mapped, value)
    mapped[0] = 7
    assert codec.read(tmp_path / "a.npy")[0] == 0


def test_what_pandas_gives_back_may_be_changed():
    codec = PandasFrameCodec()
    back = codec.decode(codec.encode(pd.DataFrame({"a": [1, 2], "b": ["x", "y"]})))

    back.loc[0, "a"] = 9
    assert back["a"].to_list() == [9, 2]


def test_a_lazy_frame_is_collected_once():
    calls = []

    def seen(frame: pl.DataFrame) -> pl.DataFrame:
        calls.append(frame.height)
        return frame

    lazy = ROWS.lazy().map_batches(seen)
    codec = LazyFrameCodec()
    codec.content(lazy, codec.encode(lazy))

    assert calls == [2]


def test_a_figure_is_handed_on_as_a_picture_of_it():
    codec = PictureCodec()
    data = codec.encode(drawing(1))
    picture = codec.decode(data)

    assert codec.encode(drawing(1)) == data == codec.encode(picture)
    assert codec.encode(drawing(2)) != data
    assert picture._repr_html_().startswith("<svg")
    assert picture.png.startswith(b"\x89PNG")
    assert every_codec().of(drawing(1)).name == "picture@1"


def test_estimators_written_by_another_process_are_the_same_bytes():
    script = (
        "import sys, numpy as np\n"
        "from sklearn.ensemble import RandomForestRegressor\n"
        "from fullcycle.adapters.sklearn import EstimatorCodec\n"
        "x = np.arange(40.0).reshape(20, 2)\n"
        "fitted = RandomForestRegressor(3, random_state=0).fit(x, x[:, 0])\n"
        "sys.stdout.buffer.write(EstimatorCodec().encode(fitted))"
    )
    ran = [subprocess.run([sys.executable, "-c", script], capture_output=True, check=True) for _ in range(2)]

    assert ran[0].stdout == ran[1].stdout


# refusals ---------------------------------------------------------------------------------------


class Mine(BaseEstimator):
    """An estimator of the user's own."""


@pytest.mark.parametrize(
    ("codec", "value", "words"),
    [
        (ArrayCodec(), np.array([object()]), r"dtype object holds Python objects(.|\n)*astype"),
        (PandasFrameCodec(), pd.DataFrame({"a": [object()]}), "an object in column 'a' is a builtins.object"),
        (PandasFrameCodec(), pd.DataFrame({"a": pd.arrays.SparseArray([0])}), "column 'a' has dtype Sparse"),
        (PandasSeriesCodec(), pd.Series([1], name=object()), "no plain data"),
        (
            ArrowTableCodec(),
            pa.table({"m": pa.array([[("a", 1)]], pa.map_("str", "i8"))}),
            "column 'm' holds map",
        ),
        (EstimatorCodec(), Mine(), "Mine holds .*Mine, which is not one of scikit-learn's own"),
        (EstimatorCodec(), FunctionTransformer(lambda x: x), r"lambda(.|\n)*fc\.Pickled"),
        (ChartCodec(), alt.Chart(ROWS).encode(x="a:Z"), "Altair cannot write this chart"),
    ],
)
def test_what_would_not_come_back_is_refused(codec: Codec, value, words):
    with pytest.raises(Invalid, match=words):
        codec.encode(value)


def test_an_estimator_file_that_names_other_classes_is_not_loaded():
    import skops.io

    with pytest.raises(Damaged, match="UntrustedTypesFoundException"):
        EstimatorCodec().decode(skops.io.dumps(Mine()))


def test_subclasses_of_arrays_and_frames_are_not_taken_for_them():
    class Geo(pd.DataFrame):
        pass

    known = every_codec()
    assert known.find(np.ma.masked_array([1], mask=[True])) is None
    assert known.find(Geo({"a": [1]})) is None


def test_plain_data_keeps_the_contract_too():
    round_trip(PlainCodec(), None, 1, 1.0, True, "1", [1], (1,), {"a": 1}, {"$": 1})
