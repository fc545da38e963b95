"""What a prediction costs a service, beside the same model asked through its library's own Python call.

For each model: µs of CPU for one row and for each row of a batch of 256, of the predictor and of the library;
then, in a process of its own that holds nothing else, the time to import and load the predictor, and the
memory that it takes above one without. Medians; one thread.

``python benchmarks/predictors.py`` for all, ``python benchmarks/predictors.py lightgbm forest`` for some.
``python benchmarks/predictors.py --table 1_000_000`` scores a table of so many rows, by one and two threads.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from fullcycle.record import Codec
from fullcycle.wiring.codecs import every_codec
from fullcycle.wiring.predictors import serving_codecs

FEATURES, BATCH = 10, 256

_ALONE = """
import json, resource, sys, time

def memory() -> float:
    lines = open("/proc/self/status").read().splitlines()
    return int(next(line for line in lines if line.startswith("VmRSS")).split()[1]) / 1024

import ctypes, threading  # what every service has
from fullcycle.record import Codecs
from fullcycle.wiring.predictors import serving_codecs
import fullcycle.release.loading
before, began = memory(), time.process_time()
model = serving_codecs().named(sys.argv[1]).decode(open(sys.argv[2], "rb").read())
model.score([0.5] * model.n_features)
one = time.process_time() - began, memory() - before
heavy = [name for name in ("numpy", "scipy", "pandas", "polars", "sklearn") if name in sys.modules]
print(json.dumps([*one, heavy]))
"""


def data(rows: int) -> tuple[Any, Any]:
    """Ten numbers, and an outcome that depends on some of them."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(rows, FEATURES))
    return x, x[:, 0] * 2 + np.sin(3 * x[:, 1]) + x[:, 2] * x[:, 3] + rng.normal(size=rows)


def models() -> Iterator[tuple[str, Callable[[], tuple[Any, Callable[[Any], Any]]]]]:
    """Each by name: a fitted model, and its library's call for a matrix."""
    x, y = data(4_000)
    b = (y > 0).astype(int)

    def lightgbm() -> tuple[Any, Callable[[Any], Any]]:
        import lightgbm as lgb

        settings = {"objective": "binary", "num_leaves": 31, "num_threads": 1, "verbose": -1}
        model = lgb.train(settings, lgb.Dataset(x, b), 100)
        return model, lambda rows: model.predict(rows, num_threads=1)

    def xgboost() -> tuple[Any, Callable[[Any], Any]]:
        import xgboost as xgb

        settings = {"objective": "binary:logistic", "max_leaves": 31, "max_depth": 0, "nthread": 1}
        model = xgb.train({**settings, "grow_policy": "lossguide"}, xgb.DMatrix(x, b), 100)
        return model, model.inplace_predict

    def logistic() -> tuple[Any, Callable[[Any], Any]]:
        from sklearn.linear_model import LogisticRegression

        model = LogisticRegression().fit(x, b)
        return model, lambda rows: model.predict_proba(rows)[:, 1]

    def pipeline() -> tuple[Any, Callable[[Any], Any]]:
        from sklearn.impute import SimpleImputer
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler

        model = make_pipeline(SimpleImputer(), StandardScaler(), LogisticRegression()).fit(x, b)
        return model, lambda rows: model.predict_proba(rows)[:, 1]

    def boosted() -> tuple[Any, Callable[[Any], Any]]:
        from sklearn.ensemble import GradientBoostingClassifier

        model = GradientBoostingClassifier(n_estimators=100, max_depth=3, random_state=0).fit(x, b)
        return model, lambda rows: model.predict_proba(rows)[:, 1]

    def histograms() -> tuple[Any, Callable[[Any], Any]]:
        from sklearn.ensemble import HistGradientBoostingClassifier

        model = HistGradientBoostingClassifier(max_iter=100, max_leaf_nodes=31).fit(x, b)
        return model, lambda rows: model.predict_proba(rows)[:, 1]

    def forest() -> tuple[Any, Callable[[Any], Any]]:
        from sklearn.ensemble import RandomForestRegressor

        model = RandomForestRegressor(n_estimators=100, max_depth=8, random_state=0).fit(x, y)
        return model, model.predict

    def deep_forest() -> tuple[Any, Callable[[Any], Any]]:
        from sklearn.ensemble import RandomForestRegressor

        model = RandomForestRegressor(n_estimators=100, random_state=0).fit(x, y)
        return model, model.predict

    def onnx() -> tuple[Any, Callable[[Any], Any]]:
        from onnx import TensorProto, helper, numpy_helper

        from fullcycle.adapters.onnx import OnnxModel

        rng = np.random.default_rng(1)
        shapes = {"w1": (FEATURES, 32), "w2": (32, 1)}
        weights = [
            numpy_helper.from_array(rng.normal(size=s).astype(np.float32), n) for n, s in shapes.items()
        ]
        nodes = [
            helper.make_node("MatMul", ["x", "w1"], ["h"]),
            helper.make_node("Relu", ["h"], ["a"]),
            helper.make_node("MatMul", ["a", "w2"], ["y"]),
        ]
        inputs = [helper.make_tensor_value_info("x", TensorProto.FLOAT, [None, FEATURES])]
        outputs = [helper.make_tensor_value_info("y", TensorProto.FLOAT, [None, 1])]
        graph = helper.make_graph(nodes, "g", inputs, outputs, weights)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
        return model, OnnxModel(model).predict

    every = lightgbm, xgboost, logistic, pipeline, boosted, histograms, forest, deep_forest, onnx
    yield from ((one.__name__, one) for one in every)


def stored(model: Any) -> tuple[Codec, bytes]:
    """The model as it goes out."""
    codecs = every_codec()
    codec = codecs.of(model)
    if codec.name == "sklearn-skops@1":
        from fullcycle.adapters.sklearn_served import told

        model = told(model, "the benchmark")
        codec = next(
            codecs.named(name) for name in ("linear@1", "trees@1") if codecs.named(name).matches(model)
        )
    return codec, codec.encode(model)


def micros(call: Callable[[int], Any], *, at_least_s: float = 0.15) -> float:
    """CPU of one call, median of seven spells."""
    spells, times = [], 1
    while len(spells) < 7:
        began = time.process_time()
        for number in range(times):
            call(number)
        spent = time.process_time() - began
        if spent < at_least_s / 7 and not spells:
            times *= 2
            continue
        spells.append(spent / times * 1e6)
    return median(spells)


def alone(codec: str, data: bytes) -> tuple[float, float, list[str]]:
    """Seconds of CPU and MB that loading and asking it once take in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model"
        path.write_bytes(data)
        found = [
            json.loads(subprocess.run([sys.executable, "-c", _ALONE, codec, str(path)], **_HEARD).stdout)
            for _ in range(3)
        ]
    return median(one[0] for one in found), median(one[1] for one in found), found[0][2]


_HEARD: dict[str, Any] = {"capture_output": True, "text": True, "check": True}


def tell(name: str, model: Any, own: Callable[[Any], Any]) -> None:
    """One line of the table."""
    codec, data_ = stored(model)
    predictor = serving_codecs().named(codec.name).decode(data_)
    x, _ = data(BATCH)
    rows = x.tolist()
    one = micros(lambda n: predictor.score(rows[n % BATCH]))
    own_one = micros(lambda n: own(x[n % BATCH : n % BATCH + 1]))
    many = micros(lambda n: predictor.scores(rows)) / BATCH
    own_many = micros(lambda n: own(x)) / BATCH
    spent, memory, heavy = alone(codec.name, data_)
    print(
        f"| {name:<12} | {codec.name:<15} | {one:8.1f} | {own_one:8.0f} | {own_one / one:5.0f} | {many:8.2f} "
        f"| {own_many:8.2f} | {spent * 1000:6.0f} ms | {memory:5.1f} MB | {', '.join(heavy) or 'none'} |",
        flush=True,
    )


def table(names: list[str], rows: int) -> None:
    """Score a table of so many rows from a matrix."""
    x, _ = data(rows)
    for name, make in models():
        if names and name not in names:
            continue
        codec, data_ = stored(make()[0])
        predictor = serving_codecs().named(codec.name).decode(data_)
        for threads in (1, 2):
            began, spent = time.perf_counter(), time.process_time()
            predictor.scores_of(x, threads=threads)
            wall, cpu = time.perf_counter() - began, time.process_time() - spent
            told = f"{rows / wall:12,.0f} rows/s, {cpu / rows * 1e6:.2f} µs of CPU a row"
            print(f"{name:<12} {threads} thread(s) {told}", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--table", type=lambda text: int(text.replace("_", "")), default=0)
    asked = parser.parse_args()
    warnings.simplefilter("ignore")
    if asked.table:
        table(asked.names, asked.table)
    else:
        print(
            "| model | stored as | one row, µs | its library | times | of 256, µs | its library "
            "| load | memory | brings |"
        )
        for name, make in models():
            if not asked.names or name in asked.names:
                tell(name, *make())
