"""fullcycle.adapters.trees_explained: Shapley values beside their definition, counted out."""

from array import array
from itertools import combinations
from math import exp, factorial, log

import numpy as np
import pytest
import xgboost as xgb
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import (
    ExtraTreesClassifier,
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder
from sklearn.tree import DecisionTreeRegressor

from fullcycle.adapters.sklearn_served import told
from fullcycle.adapters.trees_codec import TreesCodec, first_trees_codec
from fullcycle.adapters.trees_native import Nodes, TreesHead, TreesPredictor
from fullcycle.record import joined, parted

FEW = {"n_estimators": 6, "random_state": 0}


def table(rows: int = 300, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return np.column_stack(
        [
            rng.normal(size=rows),
            rng.integers(0, 6, rows),
            rng.exponential(size=rows),
            rng.integers(0, 2, rows),
        ]
    ).astype(np.float64)


def outcome(x: np.ndarray) -> np.ndarray:
    return np.sin(2 * x[:, 0]) + (x[:, 1] % 3 == 1) * x[:, 2] + 0.5 * x[:, 3]


def known_only(predictor: TreesPredictor, row: list[float], known: set[int], place: int) -> float:
    """The sum below a node where only some features are known: by the definition, node by node."""
    nodes = predictor.nodes
    feature = nodes.feature[place]
    if feature < 0:
        return nodes.number[place]
    left, right = nodes.left[place], nodes.right[place]
    seen = row if predictor._prepared is None else predictor._prepared.row(row)
    form = predictor.head.preparation
    source = feature if form is None else form.columns[feature].source
    if source in known:
        value = np.float32(seen[feature]) if predictor.head.single else seen[feature]
        if np.isnan(value):
            goes_left = bool(nodes.missing_left[place])
        elif nodes.chosen and nodes.chosen[place] >= 0:
            goes_left = bool(nodes.categories[256 * nodes.chosen[place] + int(value)])
        else:
            goes_left = value <= nodes.number[place]
        return known_only(predictor, row, known, left if goes_left else right)
    share = nodes.cover[left] / (nodes.cover[left] + nodes.cover[right])
    return share * known_only(predictor, row, known, left) + (1 - share) * known_only(
        predictor, row, known, right
    )


def counted_out(predictor: TreesPredictor, row: list[float]) -> list[float]:
    """Shapley values by their definition: every set of features, in every order."""
    width, head = predictor.n_features, predictor.head

    def worth(known: tuple[int, ...]) -> float:
        total = sum(known_only(predictor, row, set(known), root) for root in predictor.nodes.roots)
        return (total + head.start) / head.share

    added = []
    for one in range(width):
        others = [each for each in range(width) if each != one]
        added.append(
            sum(
                factorial(size)
                * factorial(width - size - 1)
                / factorial(width)
                * (worth((*known, one)) - worth(known))
                for size in range(width)
                for known in combinations(others, size)
            )
        )
    return [*added, worth(())]


KINDS = [
    DecisionTreeRegressor(max_depth=4, random_state=0),
    RandomForestRegressor(max_depth=7, **FEW),
    RandomForestClassifier(max_depth=5, class_weight="balanced", **FEW),
    ExtraTreesClassifier(max_depth=6, **FEW),
    GradientBoostingRegressor(max_depth=4, **FEW),
    GradientBoostingClassifier(**FEW),
    HistGradientBoostingRegressor(max_iter=6, random_state=0),
    HistGradientBoostingRegressor(max_iter=6, categorical_features=[1], random_state=0),
    HistGradientBoostingRegressor(max_iter=6, loss="poisson", random_state=0),
    make_pipeline(
        ColumnTransformer([("kind", OneHotEncoder(), [1])], remainder="passthrough"),
        RandomForestRegressor(max_depth=5, **FEW),
    ),
]


def kind(estimator) -> str:
    return " ".join(repr(estimator).split())[:60]


def fitted(estimator):
    x = table()
    y = outcome(x)
    if "Classifier" in repr(estimator):
        return estimator.fit(x, y > 0.4)
    return estimator.fit(x, np.exp(y) if "poisson" in repr(estimator) else y)


@pytest.mark.parametrize("estimator", KINDS, ids=kind)
def test_they_are_what_counting_out_every_set_of_features_gives(estimator):
    predictor = told(fitted(estimator), "")
    assert predictor.unexplained == ""

    for row in table(6, seed=1).tolist():
        assert predictor.contributions(row) == pytest.approx(counted_out(predictor, row), abs=1e-12)


@pytest.mark.parametrize("estimator", KINDS, ids=kind)
def test_they_sum_to_what_the_link_makes_the_prediction_of(estimator):
    predictor = told(fitted(estimator), "")
    link = {"identity": lambda x: x, "exp": exp, "logistic": lambda x: 1 / (1 + exp(-x))}[predictor.head.link]

    for row in table(40, seed=2).tolist():
        assert link(sum(predictor.contributions(row))) == pytest.approx(predictor.score(row), rel=1e-10)


def test_a_loss_that_counts_half_log_odds_is_told_in_log_odds():
    predictor = told(fitted(GradientBoostingClassifier(loss="exponential", **FEW)), "")
    row = table(1).tolist()[0]
    chance = predictor.score(row)

    assert predictor.head.link == "logistic-of-twice"
    assert sum(predictor.contributions(row)) == pytest.approx(log(chance / (1 - chance)), rel=1e-9)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000), depth=st.integers(1, 9), size=st.integers(2, 40), width=st.integers(1, 4))
def test_any_small_tree_is_explained_as_it_is_defined(seed, depth, size, width):
    rng = np.random.default_rng(seed)
    x = rng.integers(-3, 4, (size, width)) / 3
    forest = RandomForestRegressor(n_estimators=2, max_depth=depth, random_state=seed)
    predictor = told(forest.fit(x, rng.normal(size=size)), "")
    row = rng.normal(size=width).tolist()

    assert predictor.contributions(row) == pytest.approx(counted_out(predictor, row), abs=1e-12)


def test_a_deep_tree_loses_no_digits():
    x = np.arange(3000.0)[:, None] + np.zeros((1, 3))
    x[:, 1:] = np.random.default_rng(0).normal(size=(3000, 2))
    tree = DecisionTreeRegressor(random_state=0).fit(x, np.random.default_rng(1).normal(size=3000))
    predictor = told(tree, "")

    assert tree.get_depth() > 20
    for row in x[:20].tolist():
        assert sum(predictor.contributions(row)) == pytest.approx(predictor.score(row), abs=1e-11)


def test_a_missing_value_is_known_to_be_missing():
    x = table()
    x[::3, 0] = np.nan
    y = np.isnan(x[:, 0]) * 5.0 + x[:, 3]
    predictor = told(RandomForestRegressor(**FEW).fit(x, y), "")
    row = [float("nan"), 1.0, 1.0, 0.0]

    assert predictor.contributions(row) == pytest.approx(counted_out(predictor, row), abs=1e-12)
    assert predictor.contributions(row)[0] > 2


def test_a_feature_that_no_tree_asks_adds_nothing():
    x = table()
    predictor = told(DecisionTreeRegressor(max_depth=2).fit(x, x[:, 0]), "")

    assert predictor.contributions(table(1).tolist()[0])[1:4] == [0.0, 0.0, 0.0]


def test_a_row_that_the_library_refuses_is_not_explained():
    predictor = told(fitted(GradientBoostingRegressor(**FEW)), "")

    assert np.isnan(predictor.contributions([float("inf"), 0.0, 0.0, 0.0])).all()


def test_what_was_released_before_is_asked_as_ever_and_says_why_it_explains_nothing():
    predictor = told(fitted(RandomForestRegressor(**FEW)), "")
    first = first_trees_codec().decode(joined(parted(TreesCodec().encode(predictor), 10, "trees")[:7]))
    rows = table(20, seed=3)

    assert first.scores(rows) == predictor.scores(rows)
    assert "release its run again" in first.unexplained


def test_trees_that_are_too_large_say_so(monkeypatch):
    monkeypatch.setattr("fullcycle.adapters.trees_native._MOST", 100)

    assert "too many leaves" in told(fitted(RandomForestRegressor(**FEW)), "").unexplained


def test_a_lone_leaf_is_all_base():
    predictor = told(DecisionTreeRegressor().fit([[0.0], [1.0]], [3.0, 3.0]), "")

    assert predictor.contributions([7.0]) == [0.0, 3.0]


def as_nodes(booster: xgb.Booster) -> Nodes:
    """The trees of XGBoost, which go left below a threshold, where ours go left up to it."""
    frame = booster.trees_to_dataframe()
    place = {name: number for number, name in enumerate(frame["ID"])}
    leaf = frame["Feature"] == "Leaf"
    below = np.nextafter(frame["Split"].fillna(0).to_numpy(np.float32), np.float32(-np.inf))
    return Nodes(
        roots=array("i", [n for n, node in enumerate(frame["Node"]) if node == 0]),
        feature=array("i", [-1 if name == "Leaf" else int(name[1:]) for name in frame["Feature"]]),
        number=array("d", np.where(leaf, frame["Gain"], below.astype(np.float64)).tolist()),
        left=array("i", [place.get(name, 0) for name in frame["Yes"]]),
        right=array("i", [place.get(name, 0) for name in frame["No"]]),
        missing_left=array("B", [int(a == b) for a, b in zip(frame["Yes"], frame["Missing"], strict=True)]),
        cover=array("d", frame["Cover"].tolist()),
    )


def test_of_the_same_trees_xgboost_s_own_library_says_the_same():
    x = table(500)
    x[::5, 2] = np.nan
    settings_ = {"max_depth": 5, "base_score": 0.0, "nthread": 1}
    booster = xgb.train(settings_, xgb.DMatrix(x, outcome(np.nan_to_num(x))), 12)
    head = TreesHead(width=4, single=True, missing=True, infinite=True)
    ours = TreesPredictor(head, as_nodes(booster))

    told_ = booster.predict(xgb.DMatrix(x[:50]), pred_contribs=True)

    assert np.array([ours.contributions(row) for row in x[:50].tolist()]) == pytest.approx(told_, abs=2e-5)
