"""Models of the libraries that are installed, asked in batches."""

from typing import Any

from fullcycle.kernel import Invalid


def batch_model(model: Any, where: str) -> Any:
    """``model`` as evaluation asks it: ``predict`` and ``shap`` over float64 matrices.

    Raises:
        Invalid: where no adapter knows such a model.
    """
    if type(model).__module__.startswith("lightgbm."):
        from fullcycle.adapters.lightgbm import LightGBMModel  # an extra

        return LightGBMModel(model)
    raise Invalid(
        f"a {type(model).__name__} is no model that can be asked",
        where,
        "return a lightgbm.Booster from a step declared with @fc.model",
    )
