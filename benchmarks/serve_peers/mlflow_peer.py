"""MLflow: its scoring server over a model of its LightGBM flavour, with a signature."""

import os
import sys
from pathlib import Path

FEATURES = ["recency", "history", "zip_code", "newbie", "campaign"]


def prepare(folder: str) -> None:
    """Store the model as MLflow does, with what it takes and gives."""
    import lightgbm as lgb
    import mlflow
    import pandas as pd
    from mlflow.models import infer_signature

    booster = lgb.Booster(model_file=Path(folder) / "model.txt")
    rows = pd.DataFrame([[3.0, 12.5, 0.0, 1.0, 0.0]], columns=FEATURES)
    signature = infer_signature(rows, booster.predict(rows))
    mlflow.lightgbm.save_model(booster, f"{folder}/mlflow", signature=signature)


def main(folder: str, port: str) -> None:
    command = ["models", "serve", "-m", f"{folder}/mlflow", "--env-manager", "local"]
    options = ["--host", "127.0.0.1", "--port", port, "--workers", "1"]
    os.environ["PATH"] = f"{Path(sys.executable).parent}:{os.environ['PATH']}"  # it starts uvicorn by name
    os.execv(sys.executable, [sys.executable, "-m", "mlflow", *command, *options])


if __name__ == "__main__":
    prepare(sys.argv[2]) if sys.argv[1] == "prepare" else main(*sys.argv[1:])
