"""fullcycle.adapters.onnx and onnx_native: graphs kept whole, and asked as the runtime itself answers."""

import subprocess
import sys

import numpy as np
import onnx
import onnxruntime
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

import fullcycle as fc
from fullcycle.adapters.onnx import OnnxCodec, OnnxModel
from fullcycle.adapters.onnx_native import OnnxPredictor, onnx_codec
from fullcycle.kernel import Damaged, Invalid

WIDTH = 6
RNG = np.random.default_rng(5)


def table(rows: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(rows, WIDTH))


def constant(name: str, values: np.ndarray, kind=np.float32):
    return numpy_helper.from_array(values.astype(kind), name)


def graph(nodes, inputs, outputs, weights=()):
    made = helper.make_graph(nodes, "g", inputs, outputs, list(weights))
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("ai.onnx.ml", 3)]
    model = helper.make_model(made, opset_imports=opsets, ir_version=9)
    onnx.checker.check_model(model)
    return model


def rows_of(name: str, width, kind=TensorProto.FLOAT):
    return helper.make_tensor_value_info(name, kind, [None, width])


def network(kind=TensorProto.FLOAT, outputs: int = 1):
    """Two layers; two outputs are the chances of two classes."""
    number = np.float32 if kind == TensorProto.FLOAT else np.float64
    weights = [
        constant("w1", np.random.default_rng(1).normal(size=(WIDTH, 16)), number),
        constant("w2", np.random.default_rng(2).normal(size=(16, outputs)), number),
    ]
    nodes = [
        helper.make_node("MatMul", ["x", "w1"], ["h"]),
        helper.make_node("Tanh", ["h"], ["a"]),
        helper.make_node("MatMul", ["a", "w2"], ["o" if outputs == 2 else "y"]),
    ]
    if outputs == 2:
        nodes.append(helper.make_node("Softmax", ["o"], ["y"], axis=1))
    return graph(nodes, [rows_of("x", WIDTH, kind)], [rows_of("y", outputs, kind)], weights)


def by_feature(kind=TensorProto.FLOAT):
    """An input for each of three features: a + 2 b - c."""
    nodes = [
        helper.make_node("Cast", ["count"], ["c"], to=TensorProto.FLOAT),
        helper.make_node("Mul", ["b", "two"], ["b2"]),
        helper.make_node("Add", ["a", "b2"], ["ab"]),
        helper.make_node("Sub", ["ab", "c"], ["y"]),
    ]
    inputs = [rows_of("a", 1), rows_of("b", 1), rows_of("count", 1, TensorProto.INT64)]
    return graph(nodes, inputs, [rows_of("y", 1)], [constant("two", np.array([2.0]))])


def trees():
    """Two stumps on the first two features."""
    node = helper.make_node(
        "TreeEnsembleRegressor",
        ["x"],
        ["y"],
        domain="ai.onnx.ml",
        n_targets=1,
        nodes_treeids=[0, 0, 0, 1, 1, 1],
        nodes_nodeids=[0, 1, 2, 0, 1, 2],
        nodes_featureids=[0, 0, 0, 1, 0, 0],
        nodes_modes=["BRANCH_LEQ", "LEAF", "LEAF"] * 2,
        nodes_values=[0.1, 0.0, 0.0, -0.3, 0.0, 0.0],
        nodes_truenodeids=[1, 0, 0, 1, 0, 0],
        nodes_falsenodeids=[2, 0, 0, 2, 0, 0],
        target_treeids=[0, 0, 1, 1],
        target_nodeids=[1, 2, 1, 2],
        target_ids=[0, 0, 0, 0],
        target_weights=[0.25, 0.5, 1.125, -2.0],
    )
    return graph([node], [rows_of("x", WIDTH)], [rows_of("y", 1)])


def own(model, x: np.ndarray) -> list[float]:
    """What a session says that is made in the plainest way."""
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    kind = np.float64 if session.get_inputs()[0].type == "tensor(double)" else np.float32
    return session.run(None, {"x": x.astype(kind)})[-1][:, -1].astype(float).tolist()


def predictor(model) -> OnnxPredictor:
    read: OnnxPredictor = onnx_codec().decode(OnnxCodec().encode(model))
    return read


@pytest.mark.parametrize(
    "model",
    [network(), network(TensorProto.DOUBLE), network(outputs=2), trees()],
    ids=["network", "doubles", "two classes", "trees"],
)
def test_it_answers_as_a_session_of_its_own_does(model):
    x = table(300)

    fc.testing.same_predictions(predictor(model), x, own(model, x))
    assert OnnxModel(model).predict(x) == pytest.approx(own(model, x), rel=1e-6)
    assert OnnxModel(model).predict(x[:0]).shape == (0,)


def test_trees_are_equal_to_the_bit():
    x = table(300)

    assert predictor(trees()).scores(x.tolist()) == own(trees(), x)


def test_features_by_name_are_taken_in_order_and_a_count_is_a_whole_number():
    asked = predictor(by_feature())

    assert asked.input_names == ("a", "b", "count")
    fc.testing.same_predictions(asked, [[1.0, 2.0, 3.0], [0.5, 0.25, 1.0]], [2.0, 0.0])
    assert np.isnan(asked.score([1.0, 2.0, 2.5]))
    assert np.isnan(asked.score([1.0, 2.0, float("nan")]))


@settings(max_examples=40, deadline=None)
@given(rows=st.integers(1, 40), seed=st.integers(0, 1000))
def test_any_number_of_rows_gives_each_the_bits_that_it_has_alone(rows, seed):
    x = table(rows, seed)

    assert ASKED.scores(x.tolist()) == [ASKED.score(row) for row in x.tolist()]


ASKED = predictor(network())


def test_models_are_stored_as_such_and_damage_is_told():
    fc.testing.round_trip(OnnxCodec(), network(), trees(), by_feature())
    for wrong in (b"", b"\0 nonsense"):
        with pytest.raises(Damaged, match="not readable as an ONNX model"):
            onnx_codec().decode(wrong)


def test_what_is_imported_to_ask_is_neither_onnx_nor_what_brings_tables():
    code = (
        "import sys; from fullcycle.adapters.onnx_native import onnx_codec\n"
        "onnx_codec().decode(bytes.fromhex(sys.stdin.read())).score([1.0] * 6)\n"
        "print([m for m in ('onnx', 'pandas', 'polars', 'scipy', 'sklearn', 'pydantic') if m in sys.modules])"
    )
    data = OnnxCodec().encode(network()).hex()
    done = subprocess.run(
        [sys.executable, "-c", code], input=data, capture_output=True, text=True, check=True
    )

    assert done.stdout.strip() == "[]"


def test_weights_in_another_file_are_refused(tmp_path):
    onnx.save_model(
        network(), str(tmp_path / "m.onnx"), save_as_external_data=True, size_threshold=0, location="weights"
    )
    apart = onnx.load(str(tmp_path / "m.onnx"), load_external_data=False)

    with pytest.raises(Invalid, match=r"keeps w1 in another file(.|\n)*onnx.load"):
        OnnxCodec().encode(apart)
    OnnxCodec().encode(onnx.load(str(tmp_path / "m.onnx")))


def test_what_is_not_valid_onnx_is_refused():
    broken = network()
    broken.graph.node[0].op_type = "NoSuchOperation"

    with pytest.raises(Invalid, match="not valid ONNX"):
        OnnxCodec().encode(broken)


def test_a_graph_that_reads_a_weight_within_a_branch_is_searched_too():
    branch = network()
    tensor = onnx.TensorProto(name="inner", data_type=1, dims=[1], data_location=onnx.TensorProto.EXTERNAL)
    branch.graph.node[0].attribute.append(helper.make_attribute("value", tensor))

    with pytest.raises(Invalid, match="keeps inner in another file"):
        OnnxCodec().encode(branch)


def identity(inputs, outputs, width=WIDTH):
    return graph([helper.make_node("Identity", ["x"], ["y"])], inputs, outputs)


@pytest.mark.parametrize(
    ("model", "why"),
    [
        (identity([rows_of("x", 3)], [rows_of("y", 3)]), "gives 3 numbers for a row"),
        (identity([rows_of("x", 2)], [rows_of("y", 2)]), "gives 2 numbers for a row"),
        (identity([rows_of("x", None)], [rows_of("y", None)]), "does not say how many features"),
        (
            identity(
                [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 1])],
                [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 1])],
            ),
            "not one row after the other",
        ),
        (
            identity([rows_of("x", 1, TensorProto.STRING)], [rows_of("y", 1, TensorProto.STRING)]),
            "a feature is a number",
        ),
        (
            identity([rows_of("x", 1, TensorProto.INT64)], [rows_of("y", 1, TensorProto.INT64)]),
            "none of its outputs is a number per row",
        ),
    ],
    ids=["three", "no chances", "open width", "fixed rows", "text", "whole numbers"],
)
def test_a_graph_that_is_no_score_of_rows_is_refused(model, why):
    with pytest.raises(Invalid, match=why):
        predictor(model)


def test_a_graph_says_in_words_that_it_tells_no_contributions():
    assert "does not say what each feature adds" in predictor(trees()).unexplained
