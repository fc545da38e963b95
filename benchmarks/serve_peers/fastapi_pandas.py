"""FastAPI as it is usually written: pydantic, a data frame of one row, LightGBM's scikit-learn classifier."""

import sys
from pathlib import Path
from typing import Literal

import joblib
import lightgbm as lgb
import pandas as pd
import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel, Field

ZIP_CODES = ["Urban", "Surburban", "Rural"]
CAMPAIGNS = ["Mens E-Mail", "Womens E-Mail", "No E-Mail"]


class Client(BaseModel):
    client_id: int
    recency: int = Field(ge=1, le=12)
    history: float = Field(ge=0)
    zip_code: Literal["Urban", "Surburban", "Rural"]
    newbie: bool


class Scored(BaseModel):
    campaign: str
    score: float


def prepare(folder: str) -> None:
    """Train the same model by this interface."""
    table = pd.read_csv(Path(folder) / "training.csv")
    x, y = as_categories(table.drop(columns="visit")), table["visit"]
    settings = {"num_leaves": 8, "n_jobs": 1, "random_state": 1, "verbose": -1}
    joblib.dump(lgb.LGBMClassifier(n_estimators=60, **settings).fit(x, y), Path(folder) / "model.joblib")


def as_categories(table: pd.DataFrame) -> pd.DataFrame:
    return table.assign(
        zip_code=pd.Categorical(table["zip_code"], ZIP_CODES),
        campaign=pd.Categorical(table["campaign"], CAMPAIGNS),
    )


def main(folder: str, port: str) -> None:
    model, app = joblib.load(Path(folder) / "model.joblib"), FastAPI()

    @app.post("/predict")
    def predict(client: Client) -> Scored:
        table = pd.DataFrame([client.model_dump()]).drop(columns="client_id")
        table["campaign"] = "Mens E-Mail"
        score = model.predict_proba(as_categories(table))[0, 1]
        return Scored(campaign="Mens E-Mail", score=float(score))

    uvicorn.run(app, port=int(port), access_log=False, log_level="warning")


if __name__ == "__main__":
    prepare(sys.argv[2]) if sys.argv[1] == "prepare" else main(*sys.argv[1:])
