"""Models of the libraries that are installed, asked in batches."""

from typing import Any

from fullcycle.kernel import Invalid


def batch_model(model: Any, where: str) -> Any:
    """``model`` as evaluation asks it: ``predict`` over float64 matrices.

    It has ``shap`` too where what each feature adds can be said exactly and at once: trees of
    LightGBM and XGBoost, linear models of scikit-learn.

    Raises:
        Invalid: where no adapter knows such a model.
    """
    packages = [kind.__module__.partition(".")[0] for kind in type(model).__mro__]
    if "lightgbm" in packages:
        from fullcycle.adapters.lightgbm import LightGBMModel  # an extra

        return LightGBMModel(getattr(model, "booster_", model))
    if "xgboost" in packages:
        from fullcycle.adapters.xgboost import XGBoostModel  # an extra

        return XGBoostModel.of(model)
    if "onnx" in packages:
        from fullcycle.adapters.onnx import OnnxModel  # an extra

        return OnnxModel(model)
    if "sklearn" in packages:
        from fullcycle.adapters.sklearn import estimator_model  # an extra

        return estimator_model(model)
    raise Invalid(
        f"a {type(model).__name__} is no model that can be asked",
        where,
        "return a booster of LightGBM or XGBoost, an estimator of scikit-learn or an ONNX model, from a "
        "step declared with @fc.model",
    )


def explainer_of(asked: Any) -> Any:
    """What says which feature adds what, if the model can."""
    return asked if hasattr(asked, "shap") else None
