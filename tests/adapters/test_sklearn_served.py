"""fullcycle.adapters.sklearn_served: scikit-learn's own predictions, without scikit-learn."""

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import (
    AdaBoostRegressor,
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.impute import SimpleImputer
from sklearn.linear_model import (
    ElasticNet,
    GammaRegressor,
    Lasso,
    LinearRegression,
    LogisticRegression,
    PoissonRegressor,
    Ridge,
    SGDClassifier,
    SGDRegressor,
    TweedieRegressor,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    MaxAbsScaler,
    MinMaxScaler,
    OneHotEncoder,
    OrdinalEncoder,
    RobustScaler,
    StandardScaler,
)
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

import fullcycle as fc
from fullcycle.adapters.linear_native import LinearCodec
from fullcycle.adapters.sklearn import estimator_model
from fullcycle.adapters.sklearn_served import told
from fullcycle.adapters.trees_codec import TreesCodec
from fullcycle.kernel import Damaged, Invalid
from sklearn_models import CATEGORICAL, FEW, WIDTH, fitted, kind, library, outcome, same, table

LINEAR = [
    LinearRegression(),
    Ridge(),
    Lasso(alpha=0.01),
    ElasticNet(alpha=0.01),
    make_pipeline(StandardScaler(), SGDRegressor(random_state=0)),
    make_pipeline(StandardScaler(), PoissonRegressor()),
    make_pipeline(StandardScaler(), GammaRegressor()),
    make_pipeline(StandardScaler(), TweedieRegressor(power=1.5)),
    TweedieRegressor(power=0),
    make_pipeline(StandardScaler(), LogisticRegression()),
    make_pipeline(StandardScaler(), SGDClassifier(loss="log_loss", random_state=0)),
]
TREES = [
    DecisionTreeRegressor(random_state=0),
    DecisionTreeClassifier(random_state=0),
    RandomForestRegressor(**FEW),
    RandomForestRegressor(criterion="poisson", **FEW),
    RandomForestClassifier(**FEW),
    ExtraTreesRegressor(**FEW),
    ExtraTreesClassifier(**FEW),
    GradientBoostingRegressor(**FEW),
    GradientBoostingRegressor(init="zero", loss="huber", **FEW),
    GradientBoostingClassifier(**FEW),
    GradientBoostingClassifier(loss="exponential", **FEW),
]
BINNED = [
    HistGradientBoostingRegressor(max_iter=9, random_state=0),
    HistGradientBoostingRegressor(max_iter=9, loss="poisson", random_state=0),
    HistGradientBoostingClassifier(max_iter=9, random_state=0),
]
PREPARED = [
    make_pipeline(SimpleImputer(), StandardScaler(), Ridge()),
    make_pipeline(
        SimpleImputer(strategy="median", add_indicator=True), MinMaxScaler(), RandomForestRegressor(**FEW)
    ),
    make_pipeline(
        SimpleImputer(strategy="constant", fill_value=-1.5), MaxAbsScaler(), DecisionTreeRegressor()
    ),
    make_pipeline(RobustScaler(), HistGradientBoostingRegressor(max_iter=5)),
    make_pipeline(
        ColumnTransformer(
            [
                ("numbers", make_pipeline(SimpleImputer(), StandardScaler()), [0, 1]),
                ("kinds", OneHotEncoder(handle_unknown="ignore"), [2]),
                ("counts", "passthrough", slice(4, 5)),
            ],
        ),
        make_pipeline(SimpleImputer(), LogisticRegression()),
    ),
    make_pipeline(
        ColumnTransformer(
            [
                ("kinds", OneHotEncoder(drop="first", sparse_output=False), [2]),
                ("codes", OrdinalEncoder(), [True, False, False, False, False][::-1]),
            ],
            remainder="passthrough",
        ),
        RandomForestRegressor(**FEW),
    ),
    make_pipeline(
        ColumnTransformer(
            [("codes", OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1), [2, 3])],
            remainder=StandardScaler(),
        ),
        GradientBoostingRegressor(**FEW),
    ),
]


@pytest.mark.parametrize("estimator", LINEAR, ids=kind)
def test_linear_models_predict_as_their_library_does_but_for_rounding_that_is_told(estimator):
    same(fitted(estimator), table(200, 1), table(50, 2, missing=True))


@pytest.mark.parametrize("estimator", [*TREES, *BINNED], ids=kind)
def test_trees_predict_as_their_library_does_to_the_bit(estimator):
    estimator = fitted(estimator)
    same(estimator, table(200, 1), table(50, 2, missing=True))

    predictor = told(estimator, "flow.py:1")
    if getattr(estimator, "loss", None) != "poisson":
        assert all(predictor.rounding(row) == 0 for row in table(20, 1).tolist())


@pytest.mark.parametrize("estimator", [*TREES[:7], *BINNED], ids=kind)
def test_trees_that_learnt_with_missing_values_send_them_the_same_way(estimator):
    same(fitted(estimator, missing=True), table(300, 3, missing=True))


@pytest.mark.parametrize("estimator", PREPARED, ids=kind)
def test_a_pipeline_prepares_its_columns_as_its_library_does(estimator):
    takes_missing = "Imputer" in repr(estimator) and "Ordinal" not in repr(estimator)
    unknown = table(40, 5)
    unknown[:, 2] += 2

    same(fitted(estimator, missing=takes_missing), table(100, 4), table(60, 6, missing=True), unknown)


def test_a_forest_asked_by_several_jobs_says_that_its_sum_has_no_order():
    forest = fitted(RandomForestRegressor(n_estimators=30, n_jobs=2, random_state=0))
    predictor = told(forest, "flow.py:1")

    assert 0 < predictor.rounding(table(1).tolist()[0]) < 1e-8
    fc.testing.same_predictions(predictor, table(100), forest.predict(table(100)))


number = st.floats(allow_nan=True, allow_infinity=True, width=64)
rows = st.lists(st.tuples(*[number] * WIDTH), min_size=1, max_size=4)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(rows=rows, of=st.sampled_from(range(6)))
def test_any_numbers_at_all_give_what_the_library_gives(anything, rows, of):
    x = np.array(rows)
    estimator, predictor = anything[of]
    expected = library(estimator, x) if len(x) == 1 else [library(estimator, row[None])[0] for row in x]

    for row, wanted in zip(x.tolist(), expected, strict=True):
        found = predictor.score(row)
        assert (found != found and wanted != wanted) or abs(found - wanted) <= predictor.rounding(row)


@pytest.fixture(scope="module")
def anything():
    every = [
        fitted(RandomForestRegressor(**FEW), missing=True),
        fitted(DecisionTreeClassifier(random_state=0)),
        fitted(GradientBoostingClassifier(**FEW)),
        fitted(HistGradientBoostingRegressor(max_iter=9), missing=True),
        fitted(make_pipeline(SimpleImputer(), StandardScaler(), RandomForestRegressor(**FEW)), missing=True),
        fitted(make_pipeline(SimpleImputer(), StandardScaler(), LogisticRegression()), missing=True),
    ]
    return [(one, told(one, "flow.py:1")) for one in every]


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    size=st.integers(2, 60),
    width=st.integers(1, 6),
    depth=st.integers(1, 12),
    members=st.integers(1, 6),
    which=st.sampled_from(
        [RandomForestRegressor, ExtraTreesClassifier, GradientBoostingRegressor, GradientBoostingClassifier]
    ),
)
def test_any_small_ensemble_is_told_whole(seed, size, width, depth, members, which):
    rng = np.random.default_rng(seed)
    x = rng.integers(-3, 4, (size, width)) / 3
    y = np.arange(size) % 2 if "Classifier" in which.__name__ else rng.normal(size=size)
    estimator = which(n_estimators=members, max_depth=depth, random_state=seed).fit(x, y)

    asked = np.vstack([x, rng.normal(size=(20, width))])
    fc.testing.same_predictions(
        told(estimator, "flow.py:1"), asked, estimator_model(estimator).predict(asked)
    )


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    width=st.integers(1, 40),
    scale=st.floats(1e-6, 1e6),
    which=st.sampled_from([LinearRegression, Ridge, LogisticRegression]),
)
def test_any_linear_model_is_within_the_rounding_that_it_tells(seed, width, scale, which):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(60, width)) * scale
    y = x.sum(axis=1) + rng.normal(size=60)
    estimator = which().fit(x / scale, y > np.median(y) if which is LogisticRegression else y)

    fc.testing.same_predictions(told(estimator, "flow.py:1"), x, estimator_model(estimator).predict(x))


def test_forms_are_stored_as_such_and_damage_is_told():
    linear = [told(fitted(one), "") for one in (LinearRegression(), PREPARED[0])]
    trees = [told(fitted(one), "") for one in (TREES[0], TREES[2], PREPARED[1], CATEGORICAL[0])]

    fc.testing.round_trip(LinearCodec(), *linear, equal=lambda a, b: a.form == b.form, told=True)
    fc.testing.round_trip(
        TreesCodec(), *trees, equal=lambda a, b: (a.head, a.nodes) == (b.head, b.nodes), told=True
    )


def test_a_tree_whose_nodes_lead_in_circles_is_damage():
    predictor = told(fitted(TREES[0]), "")
    predictor.nodes.left[3] = 0

    with pytest.raises(Damaged, match="its parts do not fit together"):
        TreesCodec().decode(TreesCodec().encode(predictor))


def test_a_project_that_sets_numpy_to_raise_changes_no_prediction():
    rows = [[5e-324, 1.0, -5e-324], [1e300, 0.5, 0.1]]
    fitted = DecisionTreeRegressor(max_depth=3, random_state=0).fit([[0.0, 1, 2], [1, 0, 1]], [1.0, 2.0])
    predictor = told(fitted, "")
    calm = predictor.scores(rows)

    with np.errstate(all="raise"):
        found = predictor.scores(rows)

    np.testing.assert_array_equal(found, calm)  # the second is refused: it is NaN both times


def test_neither_form_needs_scikit_learn_scipy_pandas_nor_polars_and_one_row_no_numpy():
    code = (
        "import sys\n"
        "from fullcycle.adapters.linear_native import LinearCodec\n"
        "from fullcycle.adapters.trees_codec import TreesCodec\n"
        "for codec in (LinearCodec(), TreesCodec()):\n"
        "    model = codec.decode(bytes.fromhex(sys.stdin.readline()))\n"
        "    model.score([1.0] * 5)\n"
        "heavy = ('sklearn', 'numpy', 'scipy', 'pandas', 'polars')\n"
        "print([name for name in heavy if name in sys.modules])"
    )
    lines = [
        LinearCodec().encode(told(fitted(LINEAR[0]), "")).hex(),
        TreesCodec().encode(told(fitted(TREES[2]), "")).hex(),
    ]
    done = subprocess.run(
        [sys.executable, "-c", code], input="\n".join(lines), capture_output=True, text=True, check=True
    )

    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("estimator", "why"),
    [
        (AdaBoostRegressor(n_estimators=2), "AdaBoostRegressor has no form"),
        (make_pipeline(FunctionTransformer(np.abs), Ridge()), "FunctionTransformer has no form"),
        (GradientBoostingRegressor(init=LinearRegression(), n_estimators=2), "it begins with a Linear"),
        (SGDClassifier(loss="modified_huber"), "loss='modified_huber'"),
        (make_pipeline(OneHotEncoder(min_frequency=0.4), Ridge()), "infrequent categories"),
    ],
    ids=kind,
)
def test_what_has_no_form_is_refused_with_what_has(estimator, why):
    with pytest.raises(Invalid, match=rf"cannot be served: .*{why}(.|\n)*flow.py:7(.|\n)*RandomForest"):
        told(fitted(estimator), "flow.py:7")


def test_three_classes_or_two_outputs_are_refused():
    x = table(90)
    with pytest.raises(Invalid, match="tells 3 classes apart, not two"):
        told(RandomForestClassifier(n_estimators=2).fit(x, np.arange(90) % 3), "")
    with pytest.raises(Invalid, match="several numbers for a row"):
        told(LinearRegression().fit(x, x[:, :2]), "")


def test_a_subclass_of_the_users_is_refused_since_its_code_does_not_go_along():
    class Halved(LinearRegression):
        def predict(self, X):  # noqa: N803 - as scikit-learn calls it
            return super().predict(X) / 2

    with pytest.raises(Invalid, match="Halved has no form"):
        told(Halved().fit(table(50), outcome(table(50))), "")


def test_a_tree_alone_keeps_the_sign_of_a_zero():
    tree = DecisionTreeRegressor().fit(table(10), np.full(10, -0.0))

    fc.testing.same_predictions(told(tree, ""), table(5), tree.predict(table(5)))
    assert str(told(tree, "").score([1.0] * WIDTH)) == str(float(tree.predict(np.ones((1, WIDTH)))[0]))
