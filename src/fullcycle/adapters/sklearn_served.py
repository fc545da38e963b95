"""scikit-learn's estimators, told in the forms that a service asks without scikit-learn.

A regressor's form gives what ``predict`` gives; a binary classifier's the second column of
``predict_proba``. What is told is what was learnt: nothing of the estimator's code goes along,
so only the library's own classes are told, and no subclass of them.
"""

from typing import Any

import numpy as np
import sklearn.ensemble as ensembles
import sklearn.linear_model as linear
import sklearn.tree as trees
from sklearn.pipeline import Pipeline

from fullcycle.adapters.linear_native import LinearForm, LinearPredictor
from fullcycle.adapters.prepared import Preparation
from fullcycle.adapters.sklearn_prepared import Untold, prepared
from fullcycle.adapters.trees_native import TreesHead, TreesPredictor
from fullcycle.adapters.trees_told import joined_nodes, of_histograms, of_tree
from fullcycle.kernel import Invalid

_REGRESSORS = (
    linear.LinearRegression,
    linear.Ridge,
    linear.RidgeCV,
    linear.Lasso,
    linear.LassoCV,
    linear.LassoLars,
    linear.Lars,
    linear.ElasticNet,
    linear.ElasticNetCV,
    linear.BayesianRidge,
    linear.HuberRegressor,
    linear.QuantileRegressor,
    linear.SGDRegressor,
)
_GENERALISED = (linear.PoissonRegressor, linear.GammaRegressor, linear.TweedieRegressor)
_LOGISTIC = (linear.LogisticRegression, linear.LogisticRegressionCV)
_TREE = (trees.DecisionTreeRegressor, trees.ExtraTreeRegressor)
_TREE_CLASSIFIER = (trees.DecisionTreeClassifier, trees.ExtraTreeClassifier)
_FOREST = (ensembles.RandomForestRegressor, ensembles.ExtraTreesRegressor)
_FOREST_CLASSIFIER = (ensembles.RandomForestClassifier, ensembles.ExtraTreesClassifier)
_BOOSTED = (ensembles.GradientBoostingRegressor, ensembles.GradientBoostingClassifier)
_HISTOGRAMS = (ensembles.HistGradientBoostingRegressor, ensembles.HistGradientBoostingClassifier)
_LINKS = {
    "IdentityLink": "identity",
    "LogLink": "exp",
    "LogitLink": "logistic",
    "HalfLogitLink": "logistic-of-twice",
}

SERVED = (
    "linear models (LinearRegression, Ridge, Lasso, ElasticNet, SGD, Poisson, Gamma and Tweedie regression, "
    "LogisticRegression of two classes), trees (DecisionTree, RandomForest, ExtraTrees, GradientBoosting, "
    "HistGradientBoosting), and pipelines of them with StandardScaler, "
    "MinMaxScaler, MaxAbsScaler, RobustScaler, SimpleImputer, OneHotEncoder, OrdinalEncoder and "
    "ColumnTransformer"
)


def told(estimator: Any, where: str) -> LinearPredictor | TreesPredictor:
    """A fitted estimator in the form that a service asks.

    Raises:
        Invalid: where there is none for it; says what stands in the way, and what there is.
    """
    try:
        return _told(estimator)
    except Untold as error:
        raise Invalid(
            f"{type(estimator).__name__} cannot be served: {error}",
            where,
            f"serve one of LightGBM, XGBoost or ONNX, or of scikit-learn's {SERVED}",
        ) from error


def _told(estimator: Any) -> LinearPredictor | TreesPredictor:
    preparation, model = _parted(estimator)
    kind = type(model)
    if kind in (*_REGRESSORS, *_GENERALISED, *_LOGISTIC, linear.SGDClassifier):
        return _linear(model, preparation)
    if kind in (*_TREE, *_TREE_CLASSIFIER, *_FOREST, *_FOREST_CLASSIFIER):
        return _averaged(model, preparation)
    if kind in _BOOSTED:
        return _boosted(model, preparation)
    if kind in _HISTOGRAMS:
        return _histograms(model, preparation)
    raise Untold(f"{kind.__module__}.{kind.__name__} has no form for it")


def _parted(estimator: Any) -> tuple[Preparation | None, Any]:
    """What a pipeline does to its columns, and the model at its end."""
    before: list[Any] = []
    model = estimator
    while type(model) is Pipeline:
        before += [step for _, step in model.steps[:-1]]
        model = model.steps[-1][1]
    if getattr(model, "_preprocessor", None) is not None:  # of HistGradientBoosting with categories
        before.append(model._preprocessor)
    if not before:
        return None, model
    return prepared(before, estimator.n_features_in_), model


def _width(model: Any, preparation: Preparation | None) -> int:
    return preparation.width if preparation is not None else int(model.n_features_in_)


def _linear(model: Any, preparation: Preparation | None) -> LinearPredictor:
    if hasattr(model.coef_, "toarray"):
        raise Untold("its weights are sparse: call densify() first")
    weights = np.asarray(model.coef_, dtype=np.float64)
    kind = type(model)
    classifies = kind in _LOGISTIC or kind is linear.SGDClassifier
    if classifies:
        _require_two(model)
        if getattr(model, "loss", "log_loss") != "log_loss":
            raise Untold(f"loss={model.loss!r} is not the logistic one")
        if getattr(model, "multi_class", "auto") == "multinomial":
            raise Untold("multi_class='multinomial' of two classes counts each twice")
        weights = weights.reshape(-1)
    if weights.ndim != 1:
        raise Untold("it gives several numbers for a row")
    link = "logistic" if classifies else _link_of(model._base_loss) if kind in _GENERALISED else "identity"
    intercept = float(np.asarray(model.intercept_, dtype=np.float64).reshape(-1)[0])
    if not (np.isfinite(weights).all() and np.isfinite(intercept)):
        raise Untold("its weights are not all finite")
    form = LinearForm(
        width=_width(model, preparation),
        weights=tuple(weights.tolist()),
        intercept=intercept,
        link=link,
        preparation=preparation,
    )
    return LinearPredictor(form)


def _averaged(model: Any, preparation: Preparation | None) -> TreesPredictor:
    """A tree, or a forest of them: what its trees give on average."""
    kind = type(model)
    single = kind in (*_TREE, *_TREE_CLASSIFIER)
    members = [model] if single else model.estimators_
    if model.n_outputs_ != 1:
        raise Untold("it gives several numbers for a row")
    column = 0
    if kind in (*_TREE_CLASSIFIER, *_FOREST_CLASSIFIER):
        _require_two(model)
        column = 1
    head = TreesHead(
        width=_width(model, preparation),
        single=True,
        missing=_takes_missing(members[0]),
        infinite=False,
        start=-0.0 if single else 0.0,  # a tree alone is not added to anything
        share=len(members),
        any_order=not single and model.n_jobs not in (None, 1),
        preparation=preparation,
    )
    return TreesPredictor(head, joined_nodes([of_tree(one.tree_, column) for one in members]))


def _boosted(model: Any, preparation: Preparation | None) -> TreesPredictor:
    classifies = type(model) is ensembles.GradientBoostingClassifier
    if classifies:
        _require_two(model)
    if model.init_ != "zero" and type(model.init_).__module__ != "sklearn.dummy":
        raise Untold(f"it begins with a {type(model.init_).__name__}, init=")
    start = model._raw_predict_init(np.zeros((1, model.n_features_in_), dtype=np.float32))
    members = [one.tree_ for one in model.estimators_[:, 0]]
    head = TreesHead(
        width=_width(model, preparation),
        single=True,
        missing=False,  # though its trees would take them
        infinite=False,
        start=float(start[0, 0]),
        link=_link_of(model._loss) if classifies else "identity",
        preparation=preparation,
    )
    return TreesPredictor(
        head, joined_nodes([of_tree(one, scale=float(model.learning_rate)) for one in members])
    )


def _histograms(model: Any, preparation: Preparation | None) -> TreesPredictor:
    if type(model) is ensembles.HistGradientBoostingClassifier:
        _require_two(model)
    known = model._bin_mapper.make_known_categories_bitsets()
    head = TreesHead(
        width=_width(model, preparation),
        single=False,
        missing=True,
        infinite=True,
        start=float(np.asarray(model._baseline_prediction).reshape(-1)[0]),
        link=_link_of(model._loss),
        preparation=preparation,
    )
    return TreesPredictor(head, joined_nodes([of_histograms(one, *known) for (one,) in model._predictors]))


def _link_of(loss: Any) -> str:
    name = type(loss.link).__name__
    if name not in _LINKS:
        raise Untold(f"its link {name} has no form")
    return _LINKS[name]


def _require_two(model: Any) -> None:
    if np.ndim(model.classes_[0]) or len(model.classes_) != 2:
        raise Untold(f"it tells {len(model.classes_)} classes apart, not two")


def _takes_missing(tree: Any) -> bool:
    asked = np.zeros((1, tree.n_features_in_), dtype=np.float32)
    return bool(tree._support_missing_values(asked))
