"""Models of every library, from a step to an answer: released in a form, served without the library."""

import json
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest

from fullcycle.wiring import open_project
from fullcycle.wiring.released import judgement_of, released
from hosted import hosting
from served_process import Connection

HEAVY = ("sklearn", "scipy", "pandas", "polars", "pydantic", "xgboost/__init__")

LOGISTIC = """
def chance(training: fc.Split) -> object:
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    pipeline = make_pipeline(StandardScaler(), LogisticRegression())
    return pipeline.fit(training.train.x(traits), training.train.y)
"""
FOREST = """
def chance(training: fc.Split) -> object:
    from sklearn.ensemble import RandomForestClassifier

    forest = RandomForestClassifier(n_estimators=20, max_depth=6, random_state=1)
    return forest.fit(training.train.x(traits), training.train.y)
"""
XGBOOST = """
def chance(training: fc.Split) -> object:
    from xgboost import XGBClassifier

    model = XGBClassifier(n_estimators=20, max_depth=3, n_jobs=1)
    return model.fit(training.train.x(traits), training.train.y)
"""
LIGHTGBM = """
def chance(training: fc.Split) -> object:
    model = lgb.LGBMClassifier(n_estimators=20, num_leaves=8, n_jobs=1, verbose=-1)
    return model.fit(training.train.x(traits), training.train.y)
"""
ONNX = """
def chance(training: fc.Split) -> object:
    import numpy as np
    from onnx import TensorProto, helper, numpy_helper

    weights = [numpy_helper.from_array(np.array([[0.5], [-0.25]], dtype=np.float32), "w")]
    nodes = [helper.make_node("MatMul", ["x", "w"], ["h"]), helper.make_node("Sigmoid", ["h"], ["y"])]
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, [None, 2])
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, [None, 1])
    graph = helper.make_graph(nodes, "g", [x], [y], weights)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
"""
BOOSTED_STUMPS = """
def chance(training: fc.Split) -> object:
    from sklearn.ensemble import AdaBoostClassifier

    return AdaBoostClassifier(n_estimators=2).fit(training.train.x(traits), training.train.y)
"""


@pytest.fixture
def winback(tmp_path, monkeypatch, typed):
    """A capability as it is laid out, whose model is given as text."""

    def make(model: str) -> Path:
        monkeypatch.chdir(tmp_path)
        typed("fullcycle new bank")
        monkeypatch.chdir(tmp_path / "bank")
        typed("fullcycle new winback")
        subprocess.run([sys.executable, "winback/made_up.py"], check=True)
        flow = Path("winback/flow.py")
        text = flow.read_text()
        flow.write_text(text[: text.index("def chance(")] + dedent(model).lstrip())
        ran = typed("fullcycle run winback -m 'a first model'")
        assert ran.code == 0, ran.err
        return tmp_path / "bank"

    return make


@pytest.mark.slow
def test_a_logistic_regression_is_served_without_its_library(winback, typed):
    winback(LOGISTIC)
    said = typed("fullcycle release winback@1 -m first --override 'a test'")
    assert said.code == 0, said.err
    assert typed("fullcycle deploy winback@v1 --to prod -m begin").code == 0
    project = open_project()
    made, manifest = released(project, "winback", 1)

    assert manifest.models["chance"].artifact.codec == "linear@1"
    assert manifest.models["chance"].trained.codec == "sklearn-skops@1"
    assert set(manifest.distributions) == {"numpy"}
    (parity,) = [
        one for one in judgement_of(project, made).evidence.features if one.of.startswith("model chance")
    ]
    assert parity.different == 0
    assert 0 < parity.rounding < 1e-14
    assert "model chance, trained and served, but for rounding of at most" in said.out
    with hosting(project) as supervisor:
        port = supervisor.port
        with Connection(port) as connection:
            answers = [
                connection.ask("POST", "/winback", json.dumps(case).encode())
                for case in (
                    {"id": 1, "amount": 99.0, "kind": "new"},
                    {"id": 2, "amount": 0.0, "kind": "known"},
                )
            ]
        mapped = [Path(f"/proc/{pid}/maps").read_text() for pid in supervisor.workers]
    project.ledger.close()

    assert [status for status, _ in answers] == [200, 200]
    assert [answer["answer"]["act"] for _, answer in answers] == [True, False]
    assert mapped
    assert not [name for name in HEAVY for text in mapped if f"/{name}/" in text]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("model", "codec", "distributions"),
    [
        (FOREST, "trees@2", {"numpy"}),
        (XGBOOST, "xgboost-ubj@1", {"xgboost-cpu"}),
        (LIGHTGBM, "lightgbm-text@1", {"lightgbm"}),
        (ONNX, "onnx@1", {"onnxruntime", "numpy"}),
    ],
    ids=["forest", "xgboost", "lightgbm", "onnx"],
)
def test_each_kind_of_model_passes_the_gate_of_parity_and_pins_what_it_needs(
    winback, typed, model, codec, distributions
):
    winback(model)
    said = typed("fullcycle release winback@1 -m first --override 'a test'")
    assert said.code == 0, said.err
    project = open_project()
    made, manifest = released(project, "winback", 1)
    verdicts = {one.gate: one for one in judgement_of(project, made).verdicts}
    project.ledger.close()

    assert manifest.models["chance"].artifact.codec == codec
    assert set(manifest.distributions) == distributions
    assert verdicts["parity"].passed, verdicts["parity"].found


def test_what_cannot_be_served_is_refused_before_anything_is_pinned(winback, typed):
    winback(BOOSTED_STUMPS)

    said = typed("fullcycle release winback@1 -m first")

    assert said.code == 2
    assert "AdaBoostClassifier cannot be served" in said.err
    assert "winback/flow.py:" in said.err
    assert "RandomForest" in said.err
